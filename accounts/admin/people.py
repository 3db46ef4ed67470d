from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts import personal_links
from accounts.admin.invite_form import InviteForm
from accounts.audited_admin import AuditedAdmin
from accounts.confirmation import Question, ask, confirmed_action, is_confirmed
from accounts.models import OneTimeLink, User

_RIGHTS = ("is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(AuditedAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    """People are invited and deactivated, never deleted here: the page that confirms a deletion would list what they
    wrote. Nobody but a superuser changes a superuser or gives rights."""

    add_form = InviteForm
    add_form_template = "admin/accounts/user/invite.html"
    add_fieldsets = ((None, {"classes": ["wide"], "fields": ["username", "email", "is_staff"]}),)
    fieldsets = (
        (None, {"fields": ["username", "first_name", "last_name", "email"]}),
        ("Access", {"fields": ["may_sign_in", "password_is", "is_staff", *_RIGHTS]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    )
    readonly_fields = ["may_sign_in", "password_is", "last_login", "date_joined"]
    list_display = ["username", "email", "is_active", "is_staff", "is_superuser", "last_login"]
    actions = ["deactivate", "activate"]

    def get_urls(self) -> list[URLPattern]:
        # Without Django's page that sets another person's password: a link lets them choose it themselves.
        link = path(
            "<uuid:pk>/password-link/",
            self.admin_site.admin_view(self.password_link),
            name="accounts_user_password_link",
        )
        return [link, *admin.ModelAdmin.get_urls(self)]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or _may_touch(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        if obj is not None and obj == request.user:
            fields += ["is_staff", "is_superuser"]  # Nobody locks themselves out.
        return fields if _is_superuser(request) else [*fields, *_RIGHTS]

    @admin.display(description="Active", boolean=True)
    def may_sign_in(self, person: User) -> bool:
        return person.is_active

    @admin.display(description="Password")
    def password_is(self, person: User) -> str:
        return "chosen" if person.has_usable_password() else "not chosen yet"

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        # What comes next is the link, whatever the button says.
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, one_button | (extra_context or {}))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: PLR0917
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._show_link(request, obj, purpose=OneTimeLink.Purpose.INVITE)

    def password_link(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Asks, and on the answer shows a link at which the person chooses a password: the first one, or a new one."""
        person = self.get_object(request, str(pk))
        if person is None:
            raise Http404("no such person")
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        purpose = personal_links.purpose_for(person)
        if is_confirmed(request):
            with transaction.atomic():
                return self._show_link(request, person, purpose=purpose)
        question = Question(
            title=f"A link for {person}",
            asks=f"This makes a link at which {person} chooses a password. It works once, for 24 hours, and is shown "
            "to you once. Links made for this person before stop working. A password they have works until then.",
            button="Make the link",
            back=reverse("admin:accounts_user_change", args=[person.pk]),
        )
        return ask(model_admin=self, request=request, question=question)

    def _show_link(self, request: HttpRequest, person: User, *, purpose: OneTimeLink.Purpose) -> HttpResponse:
        secret = personal_links.make(user=person, purpose=purpose)
        self.audit(request, person, action="invited" if purpose == OneTimeLink.Purpose.INVITE else "password link made")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"The link for {person}",
            "person": person,
            "link": request.build_absolute_uri(personal_links.address(secret, purpose=purpose)),
        }
        return TemplateResponse(request, "admin/accounts/user/link.html", context)

    @confirmed_action(
        description="Deactivate the selected people",
        asks="They are signed out everywhere: open pages lose their connection within 5 seconds, and neither a "
        "password nor an API token nor a link lets them in. Turns that run are finished. Nothing is deleted: tokens, "
        "settings and conversations are there again when they are activated. You yourself are left out.",
        button="Deactivate",
    )
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        myself = User.objects.filter(username=request.user.get_username())
        self._set_active(request, queryset.exclude(pk__in=myself), active=False)

    @confirmed_action(
        description="Activate the selected people",
        asks="They can sign in again, with the password and the API tokens that they had.",
        button="Activate",
    )
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, active=True)

    def _set_active(self, request: HttpRequest, people: QuerySet[User], *, active: bool) -> None:
        chosen = [person for person in people.exclude(is_active=active) if _may_touch(request, person)]
        for person in chosen:
            person.is_active = active
            person.save(update_fields=["is_active"])
            action = "activated" if active else "deactivated"
            self.audit(request, person, action=action, changes={"is_active": (not active, active)})
        names = ", ".join(map(str, chosen)) or "nobody (not yourself, and a superuser only by a superuser)"
        self.message_user(request, f"{'Activated' if active else 'Deactivated'}: {names}.")


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, person: User) -> bool:
    return _is_superuser(request) or not person.is_superuser
