from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts.links import SETUP_LIFETIME, check_setup_link, make_setup_link, use_setup_link
from accounts.models import AuditEntry, OneTimeLink, User
from accounts.refusals import NotFound

NOW = timezone.now()


def made() -> str:
    secret = make_setup_link()
    assert secret is not None
    return secret


def test_only_the_digest_of_the_secret_is_stored(db: None) -> None:
    secret = made()
    assert secret not in str(OneTimeLink.objects.values().get())


def test_using_the_link_makes_an_admin_once(db: None) -> None:
    secret = made()
    check_setup_link(secret)
    check_setup_link(secret)  # looking does not use it up
    admin = use_setup_link(secret, username="ada", password="a long password")

    assert admin.is_superuser
    assert admin.is_staff
    assert admin.check_password("a long password")
    with pytest.raises(NotFound):
        check_setup_link(secret)
    with pytest.raises(NotFound):
        use_setup_link(secret, username="eve", password="a long password")
    assert User.objects.count() == 1
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target_name) == (admin, "created", "ada")


def test_no_link_is_made_and_none_works_once_anybody_exists(db: None) -> None:
    secret = made()
    User.objects.create_user(username="somebody")
    assert make_setup_link() is None
    with pytest.raises(NotFound):
        use_setup_link(secret, username="eve", password="a long password")
    assert not User.objects.filter(username="eve").exists()


def test_a_link_ends_with_its_time(db: None) -> None:
    secret = made()
    check_setup_link(secret, now=NOW + SETUP_LIFETIME - timedelta(minutes=1))
    with pytest.raises(NotFound):
        check_setup_link(secret, now=timezone.now() + SETUP_LIFETIME)


def test_a_new_link_ends_the_ones_before_it(db: None) -> None:
    before, after = made(), made()
    with pytest.raises(NotFound):
        check_setup_link(before)
    check_setup_link(after)


@pytest.mark.parametrize("secret", ["", "x", "0" * 43])
def test_a_guess_opens_nothing(db: None, secret: str) -> None:
    made()
    with pytest.raises(NotFound):
        check_setup_link(secret)


@pytest.mark.django_db(transaction=True)
def test_a_race_of_many_uses_makes_one_admin() -> None:
    secret = made()
    racers = 8
    start = Barrier(racers)

    def race(number: int) -> bool:
        start.wait()
        try:
            use_setup_link(secret, username=f"racer-{number}", password="a long password")
        except NotFound:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(racers) as pool:
        won = list(pool.map(race, range(racers)))
    assert won.count(True) == 1
    assert User.objects.count() == 1
