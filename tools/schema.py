"""Write the API's schema to where the test of it looks: ``python -m tools.schema``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import django

SNAPSHOT: Final = Path(__file__).resolve().parent.parent / "docs" / "openapi.yaml"


def schema() -> bytes:
    """Return the schema as the server sends it."""
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.renderers import OpenApiYamlRenderer

    document = SchemaGenerator().get_schema(request=None, public=True)
    return bytes(OpenApiYamlRenderer().render(document, renderer_context={}))


def main() -> None:
    """Write it; the database is not needed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("SECRET_KEY", "only to write the schema")
    os.environ.setdefault("DATABASE_URL", "postgresql:///none")
    os.environ.setdefault("BROKER_URL", "memory://")
    django.setup()
    SNAPSHOT.write_bytes(schema())


if __name__ == "__main__":
    main()
