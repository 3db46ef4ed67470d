"""A faster time is the same for whoever sleeps in it and whoever asks for the time."""

from __future__ import annotations

import asyncio
import time

import pytest

from bench.faster_time import FasterTime


def test_a_minute_of_it_is_quickly_over_and_is_a_minute() -> None:
    quick = FasterTime(scale=600.0)

    async def a_minute() -> float:
        began = quick.now()
        await asyncio.sleep(60.0)
        return quick.now() - began

    began = time.monotonic()
    assert quick.run(a_minute()) >= 59.0
    assert time.monotonic() - began < 30.0


def test_whoever_gives_up_after_a_time_gives_up_in_this_time() -> None:
    async def give_up() -> None:
        async with asyncio.timeout(3_600.0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        FasterTime(scale=100_000.0).run(give_up())


def test_it_begins_now() -> None:
    assert FasterTime(scale=2.0).now() == pytest.approx(time.time(), abs=60.0)
