from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts import personal_links
from accounts.links import make_setup_link
from accounts.models import AuditEntry, OneTimeLink, User
from accounts.personal_links import LIFETIME, make, purpose_for, use, whose
from accounts.refusals import NotFound

INVITE, RESET = OneTimeLink.Purpose.INVITE, OneTimeLink.Purpose.PASSWORD_RESET
PASSWORD = "a long password"


@pytest.fixture
def invited(db: None) -> User:
    person = User(username="ada")
    person.set_unusable_password()
    person.save()
    return person


def test_only_the_digest_of_the_secret_is_stored(owner: User) -> None:
    secret = make(user=owner, purpose=RESET)
    assert secret not in str(OneTimeLink.objects.values().get())
    assert personal_links.address(secret, purpose=RESET) == f"/new-password/{secret}/"


def test_the_purpose_tells_whether_there_is_a_password(owner: User, invited: User) -> None:
    assert (purpose_for(owner), purpose_for(invited)) == (RESET, INVITE)


def test_a_link_works_once(invited: User) -> None:
    secret = make(user=invited, purpose=INVITE)
    assert whose(secret, purpose=INVITE) == invited
    assert whose(secret, purpose=INVITE) == invited, "looking does not use it up"
    assert use(secret, purpose=INVITE, password=PASSWORD).check_password(PASSWORD)
    invited.refresh_from_db()
    assert invited.check_password(PASSWORD)
    with pytest.raises(NotFound):
        whose(secret, purpose=INVITE)
    with pytest.raises(NotFound):
        use(secret, purpose=INVITE, password="another password")
    invited.refresh_from_db()
    assert invited.check_password(PASSWORD)


def test_using_it_is_noted_without_the_password(invited: User, owner: User) -> None:
    use(make(user=invited, purpose=INVITE), purpose=INVITE, password=PASSWORD)
    use(make(user=owner, purpose=RESET), purpose=RESET, password=PASSWORD)
    entries = AuditEntry.objects.order_by("id")
    assert [(entry.actor_name, entry.action, entry.changes) for entry in entries] == [
        ("ada", "password chosen", {"password": ["unset", "set"]}),
        ("owner", "password chosen", {"password": ["set", "set anew"]}),
    ]


def test_a_link_ends_with_its_time(owner: User) -> None:
    made_at = timezone.now()
    secret = make(user=owner, purpose=RESET, now=made_at)
    assert whose(secret, purpose=RESET, now=made_at + LIFETIME - timedelta(seconds=1)) == owner
    with pytest.raises(NotFound):
        whose(secret, purpose=RESET, now=made_at + LIFETIME)
    with pytest.raises(NotFound):
        use(secret, purpose=RESET, password=PASSWORD, now=made_at + LIFETIME)


def test_a_link_is_for_its_own_purpose_alone(owner: User) -> None:
    secret = make(user=owner, purpose=RESET)
    for wrong in (INVITE, OneTimeLink.Purpose.SETUP):
        with pytest.raises(NotFound):
            whose(secret, purpose=wrong)


def test_a_new_link_ends_the_ones_of_the_same_person(owner: User, member: User) -> None:
    before, others = make(user=owner, purpose=INVITE), make(user=member, purpose=RESET)
    after = make(user=owner, purpose=RESET)
    with pytest.raises(NotFound):
        whose(before, purpose=INVITE)
    assert whose(after, purpose=RESET) == owner
    assert whose(others, purpose=RESET) == member


def test_no_link_lets_a_deactivated_person_in(owner: User) -> None:
    secret = make(user=owner, purpose=RESET)
    User.objects.update(is_active=False)
    with pytest.raises(NotFound):
        use(secret, purpose=RESET, password=PASSWORD)


def test_the_set_up_link_is_no_personal_link(db: None) -> None:
    secret = make_setup_link()
    assert secret is not None
    for purpose in (INVITE, RESET, OneTimeLink.Purpose.SETUP):
        with pytest.raises(NotFound):
            whose(secret, purpose=purpose)


@pytest.mark.django_db(transaction=True)
def test_of_many_uses_at_once_one_wins() -> None:
    person = User.objects.create_user(username="ada", password="old")
    secret = make(user=person, purpose=RESET)
    racers = 6
    start = Barrier(racers)

    def race(number: int) -> int | None:
        start.wait()
        try:
            use(secret, purpose=RESET, password=f"password of {number}")
        except NotFound:
            return None
        finally:
            connection.close()
        return number

    with ThreadPoolExecutor(racers) as pool:
        won = [number for number in pool.map(race, range(racers)) if number is not None]
    assert len(won) == 1
    person.refresh_from_db()
    assert person.check_password(f"password of {won[0]}")
