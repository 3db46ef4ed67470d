from django.urls import path

from settings_ui import views

app_name = "settings_ui"
urlpatterns = [
    path("", views.home, name="home"),
    path("save/", views.save, name="save"),
    path("reset/", views.reset, name="reset"),
]
