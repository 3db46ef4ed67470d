"""The story is told relative to now, and stays where it is while somebody looks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.sandbox.company.story import MINUTE, ONSET_MINUTE, Story
from agents.sandbox.company.traffic import minute_of
from tests.agents.sandbox.company.clock import NOON, Clock


@given(st.floats(min_value=1e9, max_value=4e9))
def test_the_last_half_hour_holds_the_onset_whenever_somebody_begins_to_look(now: float) -> None:
    told, deployed = Story(lambda: now).look()
    assert told == now
    assert deployed % MINUTE == 0
    assert 20 * MINUTE <= now - deployed < 21 * MINUTE


def test_it_stays_while_somebody_looks_and_begins_anew_afterwards() -> None:
    clock = Clock()
    story = Story(clock)
    first = story.look()[1]
    for _ in range(25):
        clock.now += 4 * MINUTE
        assert story.look()[1] == first
    clock.now += 6 * MINUTE
    assert story.look()[1] == first + 106 * MINUTE


def test_it_does_not_move_under_a_short_rest() -> None:
    clock = Clock()
    story = Story(clock)
    first = story.look()[1]
    clock.now = NOON + 6 * MINUTE
    assert story.look()[1] == first


def test_it_does_not_last_for_ever() -> None:
    clock = Clock()
    story = Story(clock)
    first = story.look()[1]
    for _ in range(30):
        clock.now += 4 * MINUTE
        story.look()
    assert story.look()[1] > first


def test_every_minute_is_always_the_same_and_only_the_failing_services_fail() -> None:
    payments = [minute_of("payment-service", minute) for minute in range(-60, 20)]
    minute_of.cache_clear()
    assert payments == [minute_of("payment-service", minute) for minute in range(-60, 20)]
    assert all(one.pool_failures == 0 for one in payments[: 60 + ONSET_MINUTE])
    assert all(one.pool_failures > 5 for one in payments[60 + ONSET_MINUTE :])
    assert max(minute_of("inventory-service", minute).errors for minute in range(-60, 20)) <= 1
