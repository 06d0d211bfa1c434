"""Addresses of log-ins by another party; there where a provider is named."""

from __future__ import annotations

from django.urls import URLPattern, path

from config.oidc import views

urlpatterns: list[URLPattern] = [
    path("login/oidc/", views.begin, name="oidc-begin"),
    path("login/oidc/back/", views.back, name="oidc-back"),
    path("account/connect/", views.connect, name="oidc-connect"),
    path("logout/", views.LogOutView.as_view(), name="logout"),
]
