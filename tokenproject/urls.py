from functools import partial

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.urls import include, path
from django.views.generic import RedirectView
from ninja.openapi.views import openapi_view

from tokenproject.api import api

handler400 = "tokenproject.error_pages.bad_request"
handler403 = "tokenproject.error_pages.permission_denied"
handler404 = "tokenproject.error_pages.not_found"
handler500 = "tokenproject.error_pages.server_error"

urlpatterns = [
    # For pages that name no icon of their own: admin, API docs.
    path("favicon.ico", RedirectView.as_view(url=f"/{settings.STATIC_URL.lstrip('/')}img/icon.svg")),
    path("admin/", admin.site.urls),
    path("api/v1/docs", staff_member_required(partial(openapi_view, api=api)), name="api-docs"),
    path("api/v1/", api.urls),
    path("settings/", include("settings_ui.urls")),
    path("", include("accounts.urls")),
    path("", include("chat.urls")),
]
