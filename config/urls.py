"""Every address of the site."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView

from activelearn.api import urls as learn_api
from activelearn.views import urls as learn_pages
from config import health
from config.icon import icon
from config.metrics.page import metrics
from labeling.api import urls as labeling_api
from labeling.views import urls as labeling_pages

handler400 = "config.failures.bad_request"
handler403 = "config.failures.forbidden"
handler404 = "config.failures.not_found"
handler500 = "config.failures.failed"

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", metrics),
    path("favicon.ico", icon),
    path("language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
    path(
        "api/schema/",
        SpectacularAPIView.as_view(generator_class=health.MadeOnce),
        name="schema",
    ),
    path("api/docs/", health.api_docs, name="api-docs"),
    path("api/", include(labeling_api)),
    path("api/", include(learn_api)),
    # Only then is what it needs loaded; before the pages, for it has a log-out of its own.
    *([path("", include("config.oidc.urls"))] if settings.OIDC else []),
    path("", include(labeling_pages)),
    path("", include(learn_pages)),
]
