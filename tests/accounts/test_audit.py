from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils.functional import lazystr

from accounts.audit import difference, record
from accounts.models import AuditEntry, User
from accounts.tokens import issue

Door = AuditEntry.Door
CANARY = "canary-77f0"


def changes_of(target: User, changes: dict[str, tuple[object, object]]) -> dict[str, list[object]]:
    entry = record(actor=target, door=Door.ADMIN, action="changed", target=target, changes=changes)
    return dict(AuditEntry.objects.get(pk=entry.pk).changes)


def test_an_entry_says_who_did_what_to_whom_and_by_which_door(staff: User, owner: User) -> None:
    entry = record(actor=staff, door=Door.API, action="revoked", target=owner, changes={"is_active": (True, False)})
    entry.refresh_from_db()
    assert (entry.actor, entry.actor_name, entry.door, entry.action) == (staff, "staff", "api", "revoked")
    assert (entry.target_type, entry.target_id, entry.target_name) == ("accounts.User", str(owner.pk), "owner")
    assert entry.changes == {"is_active": [True, False]}
    assert str(entry) == "staff revoked owner"


def test_the_server_itself_has_no_account(owner: User) -> None:
    entry = record(actor=None, door=Door.SYSTEM, action="created", target=owner, changes={})
    assert (entry.actor, entry.actor_name, str(entry)) == (None, "", "the server created owner")


def test_the_name_of_who_did_it_outlives_the_person(staff: User, owner: User) -> None:
    entry = record(actor=owner, door=Door.PAGE, action="changed", target=staff, changes={})
    owner.delete()
    entry.refresh_from_db()
    assert (entry.actor, entry.actor_name) == (None, "owner")


@pytest.mark.parametrize("name", ["api_key", "password", "digest", "oauth2.client_secret", "token", "secret"])
@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("", CANARY, ["unset", "set"]),
        (None, f"sealed:{CANARY}", ["unset", "set"]),
        (CANARY, "", ["set", "unset"]),
        (CANARY, f"{CANARY}2", ["set", "set anew"]),
        ("unset", "set", ["unset", "set"]),
        (f"!{CANARY}", CANARY, ["unset", "set"]),
        ("env:OLD", "file:/run/new", ["env:OLD", "file:/run/new"]),
        ("env:OLD", CANARY, ["env:OLD", "set"]),
    ],
)
def test_a_secret_is_only_said_to_be_there(owner: User, name: str, old: object, new: object, shown: list[str]) -> None:
    assert changes_of(owner, {name: (old, new)}) == {name: shown}


def test_a_secret_that_never_was_is_no_change(owner: User) -> None:
    assert changes_of(owner, {"password": ("", f"!{CANARY}"), "api_key": (None, "")}) == {}


def test_a_sealed_secret_is_not_said_wherever_it_sits(owner: User) -> None:
    noted = changes_of(owner, {"note": (f"sealed:{CANARY}", [f"sealed:{CANARY}"])})
    assert noted == {"note": ["set", ["set"]]}


def test_of_mappings_only_what_differs_is_kept(owner: User) -> None:
    old = {"scope": "a", "client_id": "id", "client_secret": "sealed:1"}
    new = {"scope": "b", "client_id": "id", "client_secret": "sealed:2"}
    assert changes_of(owner, {"oauth2": (old, new)}) == {
        "oauth2.scope": ["a", "b"],
        "oauth2.client_secret": ["set", "set anew"],
    }
    assert changes_of(owner, {"oauth2": ({}, old)})["oauth2.client_secret"] == ["unset", "set"]
    assert changes_of(owner, {"oauth2": (old, None)})["oauth2.scope"] == ["a", None]


def test_every_kind_of_value_becomes_json(owner: User) -> None:
    number = uuid.uuid4()
    moment = datetime(2026, 11, 22, 10, tzinfo=UTC)
    noted = changes_of(owner, {"a": (owner, number), "b": (moment, Decimal("1.5")), "c": (lazystr("x"), {"y"})})
    assert noted == {"a": ["owner", str(number)], "b": ["2026-11-22T10:00:00Z", "1.5"], "c": ["x", ["y"]]}


def test_an_entry_goes_with_its_change(owner: User) -> None:
    def fail_after_recording() -> None:
        with transaction.atomic():
            record(actor=owner, door=Door.PAGE, action="changed", target=owner, changes={})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_recording()
    assert not AuditEntry.objects.exists()


def test_a_long_name_is_cut(owner: User) -> None:
    row = issue(user=owner, scope="read", name="n" * 100).row
    row.prefix = "p" * 300
    assert len(record(actor=owner, door=Door.API, action="x", target=row, changes={}).target_name) == 200


def test_difference_keeps_what_is_not_the_same() -> None:
    assert difference({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": None}) == {"b": (2, 3)}
    assert difference({"a": 1}, {}) == {"a": (1, None)}
