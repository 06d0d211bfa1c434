"""Hashed names for static files, inside our JavaScript modules too."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Rewrite the paths in ``import`` statements to the hashed names."""

    support_js_module_import_aggregation = True
