from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.views import SetUpView, SignInView

urlpatterns = [
    path("login/", SignInView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("setup/<str:secret>/", SetUpView.as_view(), name="set-up"),
]
