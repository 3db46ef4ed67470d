from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from agents.governor.batches import Batches

LONG = 30.0


class Desk:
    """Serves once `open` is set; remembers what was served together."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.began = threading.Event()
        self.served: list[tuple[str, list[int]]] = []
        self.threads: list[int] = []

    def serve(self, key: str, batch: list[int]) -> None:
        self.began.set()
        assert self.open.wait(LONG)
        self.served.append((key, batch))
        self.leave()

    def leave(self) -> None:
        self.threads.append(threading.get_ident())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def played(desk: Desk, put: Callable[[Batches[int]], None]) -> list[tuple[str, list[int]]]:
    """What was served, after a first batch during which `put` put more."""
    batches = Batches(name="desk", serve=desk.serve)
    batches.put("first", 0)
    assert desk.began.wait(LONG)
    put(batches)
    desk.open.set()
    batches.close(leave=desk.leave)
    return desk.served[1:]


def test_what_comes_meanwhile_is_served_together_and_in_order(desk: Desk) -> None:
    def put(batches: Batches[int]) -> None:
        for number in range(3):
            batches.put("a", number)

    assert played(desk, put) == [("a", [0, 1, 2])]


def test_very_many_are_served_in_parts_and_other_keys_have_their_turn_in_between(desk: Desk) -> None:
    def put(batches: Batches[int]) -> None:
        for number in range(120):
            batches.put("a", number)
        batches.put("b", 0)
        batches.put("first", 1)

    served = played(desk, put)
    assert [(key, len(batch)) for key, batch in served] == [("a", 50), ("b", 1), ("first", 1), ("a", 50), ("a", 20)]
    assert [number for key, batch in served if key == "a" for number in batch] == list(range(120))


def test_all_happens_in_one_thread_of_its_own_that_leaves_in_the_end(desk: Desk) -> None:
    assert played(desk, lambda batches: batches.put("a", 1)) == [("a", [1])]
    assert len(desk.threads) == 3
    assert len(set(desk.threads)) == 1
    assert threading.get_ident() not in desk.threads


def test_after_its_end_nothing_is_taken_in_that_would_never_be_done(desk: Desk) -> None:
    desk.open.set()
    batches = Batches(name="desk", serve=desk.serve)
    batches.close(leave=desk.leave)
    with pytest.raises(RuntimeError):
        batches.put("a", 1)
