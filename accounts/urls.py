from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.models import OneTimeLink
from accounts.views import ChoosePasswordView, PasswordView, SetUpView, SignInView

_RESET = OneTimeLink.Purpose.PASSWORD_RESET

urlpatterns = [
    path("login/", SignInView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", PasswordView.as_view(), name="password"),
    path("setup/<str:secret>/", SetUpView.as_view(), name="set-up"),
    path("invite/<str:secret>/", ChoosePasswordView.as_view(), name="invite"),
    path("new-password/<str:secret>/", ChoosePasswordView.as_view(purpose=_RESET), name="new-password"),
]
