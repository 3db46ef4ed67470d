"""The pages of signing in and out, of setting up the first admin, and of choosing a password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from accounts import audit, links, personal_links
from accounts.forms import FirstAdminForm
from accounts.models import AuditEntry, OneTimeLink, User
from accounts.refusals import NotFound

_BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignInView(LoginView):
    """Django's log-in, with a word for the visitor of a server that nobody has set up yet."""

    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, nobody_yet=not User.objects.exists())


class PasswordView(PasswordChangeView):
    """A person's own password. This browser stays signed in; every other one is signed out."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("password")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        user = form.user
        answer = super().form_valid(form)
        changes = {"password": (audit.SET, audit.SET_ANEW)}
        audit.record(actor=user, door=AuditEntry.Door.PAGE, action="password chosen", target=user, changes=changes)
        messages.success(self.request, "Your password is changed. Every other browser was signed out.")
        return answer


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class LinkView(View):
    """A page behind a one-time link: 404 unless the link is open. Bad entries answer 200, since an error status would
    put the address, and with it the secret, into the log."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().dispatch(request, *args, **kwargs)
        except NotFound as refusal:
            return render(request, "registration/link_gone.html", {"why": refusal.message}, status=404)

    then = settings.LOGIN_REDIRECT_URL

    def _enter(self, request: HttpRequest, user: User) -> HttpResponse:
        # django-axes notes the address of every sign-in, and this one holds the link's secret.
        request.META["PATH_INFO"] = reverse("login")
        login(request, user, backend=_BACKEND)
        return redirect(self.then)


class SetUpView(LinkView):
    """`/setup/<secret>/` makes the first admin, signs them in, and asks who shall answer."""

    then = settings.SET_UP_REDIRECT_URL

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        links.check_setup_link(secret)
        return self._page(request, FirstAdminForm())

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        links.check_setup_link(secret)
        form = FirstAdminForm(request.POST)
        if not form.is_valid():
            return self._page(request, form)
        name, password = form.cleaned_data["username"], form.cleaned_data["password1"]
        return self._enter(request, links.use_setup_link(secret, username=name, password=password))

    def _page(self, request: HttpRequest, form: FirstAdminForm) -> HttpResponse:
        return render(request, "registration/set_up.html", {"form": form})


class ChoosePasswordView(LinkView):
    """`/invite/<secret>/` and `/new-password/<secret>/`: whom the link is for chooses a password and is signed in."""

    purpose = OneTimeLink.Purpose.INVITE

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        user = personal_links.whose(secret, purpose=self.purpose)
        return self._page(request, SetPasswordForm(user))

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        form = SetPasswordForm(personal_links.whose(secret, purpose=self.purpose), request.POST)
        if not form.is_valid():
            return self._page(request, form)
        password = form.cleaned_data["new_password1"]
        return self._enter(request, personal_links.use(secret, purpose=self.purpose, password=password))

    def _page(self, request: HttpRequest, form: SetPasswordForm[User]) -> HttpResponse:
        is_new = self.purpose == OneTimeLink.Purpose.INVITE
        return render(request, "registration/choose_password.html", {"form": form, "is_new": is_new})
