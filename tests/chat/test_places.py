from __future__ import annotations

import asyncio

import pytest

from chat.places import Places


class Runs:
    """How many turns run."""

    count = 0


def places(*, capacity: int = 2) -> tuple[Places, Runs]:
    runs = Runs()
    made = Places(capacity=capacity, taken=lambda: runs.count)
    made.others_wait = False
    return made, runs


async def test_a_held_place_is_taken() -> None:
    two, runs = places()
    assert [two.hold(), two.hold(), two.hold()] == [True, True, False]
    assert two.free() == 0
    two.let_go()
    runs.count = 1
    assert two.free() == 0
    two.let_go()
    assert two.free() == 1
    assert two.hold()


async def test_whoever_waits_already_comes_first() -> None:
    two, _ = places()
    two.others_wait = True
    assert not two.hold()
    assert two.free() == 2
    assert Places(capacity=2, taken=lambda: 0).others_wait, "nobody has looked yet"


async def test_closing_waits_for_what_is_held_and_lets_nobody_in() -> None:
    two, _ = places()
    assert two.hold()
    closing = asyncio.create_task(two.close())
    await asyncio.sleep(0)
    assert not two.hold()
    assert two.free() == 0
    assert not closing.done()
    two.let_go()
    await asyncio.wait_for(closing, 10)


async def test_closing_without_guests_is_done_at_once() -> None:
    two, _ = places()
    await asyncio.wait_for(two.close(), 10)
    await asyncio.wait_for(two.close(), 10)


async def test_threads_never_get_more_than_there_are() -> None:
    many, _ = places(capacity=50)
    held = await asyncio.gather(*(asyncio.to_thread(lambda: [many.hold() for _ in range(40)]) for _ in range(8)))
    assert sum(map(sum, held)) == 50


@pytest.mark.parametrize("capacity", [0, 1])
async def test_more_runs_than_places_leave_none(capacity: int) -> None:
    made, runs = places(capacity=capacity)
    runs.count = 5
    assert made.free() == 0
    assert not made.hold()
