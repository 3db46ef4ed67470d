from django.urls import path

from settings_ui import effective_view, first_key_view, tokens_views, usage_views, views

app_name = "settings_ui"
urlpatterns = [
    path("", views.home, name="home"),
    path("save/", views.save, name="save"),
    path("reset/", views.reset, name="reset"),
    path("copy/", views.copy, name="copy"),
    path("preview/", views.preview, name="preview"),
    path("effective/", effective_view.explain, name="effective"),
    path("first-key/", first_key_view.page, name="first-key"),
    path("usage/", usage_views.page, name="usage"),
    path("usage/by-<slug:group_by>.csv", usage_views.export, name="usage-csv"),
    path("tokens/", tokens_views.page, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", tokens_views.revoke, name="token-revoke"),
]
