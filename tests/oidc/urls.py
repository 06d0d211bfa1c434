"""The addresses of a site where a provider of log-ins is named."""

from __future__ import annotations

from config import urls
from config.oidc import urls as oidc

handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
urlpatterns = [*oidc.urlpatterns, *urls.urlpatterns]
