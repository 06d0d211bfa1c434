"""Settings and addresses of a Django that only reads one row by its index.

What the web path is measured against: no session, no authentication.
"""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path

from config.settings import *  # noqa: F403

ALLOWED_HOSTS = ["*"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = __name__


def read(request: HttpRequest) -> JsonResponse:
    """Return the item that the query names."""
    from labeling.models import Item

    item = Item.objects.only("external_id", "data").get(pk=request.GET["pk"])
    return JsonResponse({"external_id": item.external_id, "data": item.data})


urlpatterns = [path("read/", read)]
