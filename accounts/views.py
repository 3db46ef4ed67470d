"""The pages of signing in and out, and of setting up the first admin."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from accounts import links
from accounts.forms import FirstAdminForm
from accounts.models import User
from accounts.refusals import NotFound


class SignInView(LoginView):
    """Django's log-in, with a word for the visitor of a server that nobody has set up yet."""

    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, nobody_yet=not User.objects.exists())


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SetUpView(View):
    """`/setup/<secret>/`: 404 unless the link is open; makes the first admin and signs them in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            links.check_setup_link(kwargs["secret"])
            return super().dispatch(request, *args, **kwargs)
        except NotFound as refusal:
            raise Http404(refusal.message) from None

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        return render(request, "registration/set_up.html", {"form": FirstAdminForm()})

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        form = FirstAdminForm(request.POST)
        if not form.is_valid():
            return render(request, "registration/set_up.html", {"form": form})
        user = links.use_setup_link(
            secret, username=form.cleaned_data["username"], password=form.cleaned_data["password1"]
        )
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect(settings.LOGIN_REDIRECT_URL)
