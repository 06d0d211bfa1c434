"""Addresses whose views fail in a way that nobody foresaw."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config import urls


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("secret")


handler500 = urls.handler500
urlpatterns = [
    path("api/broken/", broken),
    path("broken/", broken),
    *urls.urlpatterns,
]
