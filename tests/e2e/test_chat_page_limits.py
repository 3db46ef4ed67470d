"""What is free of the rate limit of the chosen model: by the composer in short, and in full where one asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from agents.governor.limits import Cost
from agents.models import LanguageModel, RatePool
from agents.pool_limits import limits_of, pool_key
from tests.agents.governed_pools import Kept, kept_states, used_pool
from tests.chat.stage import Stage
from tests.e2e.accessibility import serious_faults
from tests.e2e.chat_page import ChatPage

TIGHT = "Sandbox Claude, 40k/min"


def headroom(chat: ChatPage) -> Locator:
    return chat.page.locator("[data-headroom]")


def summary(chat: ChatPage) -> Locator:
    return headroom(chat).locator("summary")


def in_full(chat: ChatPage) -> Locator:
    return chat.page.get_by_role("group", name="Rate limit", exact=True)


@pytest.fixture
def kept(stage: Stage) -> Iterator[Kept]:
    """The states of the pools; the server runs in this process."""
    with kept_states() as kept:
        yield kept


@pytest.fixture
def pool(kept: Kept) -> Iterator[RatePool]:
    """A pool that the model which is chosen at first is in, too."""
    pool = RatePool.objects.get(name="claude-tight")
    LanguageModel.objects.filter(model_id="sandbox-claude").update(pool=pool)
    yield pool
    LanguageModel.objects.filter(model_id="sandbox-claude").update(pool=None)


def take(kept: Kept, pool: RatePool, tokens: float, *, waiting: int = 0, told: Cost | None = None) -> None:
    kept[pool_key(pool)] = used_pool(
        limits_of(pool), taken={"requests": 1.0, "input": tokens}, waiting=waiting, told=told
    )


def test_where_no_limit_is_known_nothing_is_said(chat: ChatPage) -> None:
    with chat.page.expect_response("**/api/v1/limits?*"):
        chat.page.reload()
    chat.pick_model(TIGHT)
    expect(summary(chat)).to_contain_text("40k of 40k input tokens free")
    chat.pick_model("Sandbox Claude")
    expect(headroom(chat)).to_be_hidden()


def test_the_chosen_model_decides_which_limit_is_shown(chat: ChatPage) -> None:
    chat.pick_model("Sandbox GPT, 40k/min")
    expect(summary(chat)).to_contain_text("40k of 40k tokens free")
    chat.pick_model(TIGHT)
    expect(summary(chat)).to_contain_text("40k of 40k input tokens free")


def test_it_follows_what_turns_use(pool: RatePool, kept: Kept, chat: ChatPage) -> None:
    expect(summary(chat)).to_contain_text("40k of 40k")
    take(kept, pool, 39_000, waiting=2)
    chat.ask("echo hello")
    expect(summary(chat)).to_contain_text("free · 2 waiting")
    expect(headroom(chat)).to_have_attribute("data-held", "")
    del kept[pool_key(pool)]
    chat.ask("echo again")
    expect(summary(chat)).to_contain_text("40k of 40k")
    expect(headroom(chat)).not_to_have_attribute("data-held", "")


def test_each_limit_is_told_in_full_to_whoever_asks(pool: RatePool, kept: Kept, chat: ChatPage) -> None:
    take(kept, pool, 39_000, waiting=2, told={"output": 6_000.0})
    chat.ask("echo hello")
    expect(summary(chat)).to_contain_text("2 waiting")
    expect(in_full(chat)).to_be_hidden()
    summary(chat).focus()
    chat.page.keyboard.press("Enter")
    expect(in_full(chat)).to_be_visible()
    told = in_full(chat).inner_text()
    for words in (
        "Requests",
        " of 4 free at once, 50 a minute",
        "Input tokens",
        " of 40,000 free",
        "full again in ",
        "6,000 of 6,000 free",
        "the provider allows 6,000, not 8,000",
        "1 call under way, 2 waiting. A new one would wait about ",
        "Shared by everyone here, and by 2 models.",
    ):
        assert words in told
    chat.page.keyboard.press("Escape")
    expect(in_full(chat)).to_be_hidden()
    expect(summary(chat)).to_be_focused()


def test_a_limit_that_is_closed_says_so(pool: RatePool, kept: Kept, chat: ChatPage) -> None:
    take(kept, pool, 1_000)
    kept[pool_key(pool)].closed = "provider_spend_limit"
    chat.ask("echo hello")
    expect(summary(chat)).to_contain_text("Closed for now")
    summary(chat).click()
    expect(in_full(chat)).to_contain_text("Nothing is sent now (provider_spend_limit).")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_it_can_be_read_and_reached_anywhere(
    pool: RatePool, kept: Kept, chat: ChatPage, width: int, theme: str
) -> None:
    chat.page.set_viewport_size({"width": width, "height": 700})
    chat.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    take(kept, pool, 39_000, waiting=2)
    chat.ask("echo hello")
    expect(summary(chat)).to_contain_text("2 waiting")
    assert serious_faults(chat.page) == []
    summary(chat).click()
    expect(in_full(chat)).to_be_visible()
    assert serious_faults(chat.page) == []
    box = in_full(chat).bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= width
    assert box["y"] >= 0
    assert chat.page.evaluate("document.documentElement.scrollWidth") == width


WATCHED = """async () => {
  const { Limits } = await import("/static/js/chat/limits.js");
  const connection = Object.assign(new EventTarget(), { ready: true });
  const asked = { times: 0, changes: 0, hidden: false, connection };
  Object.defineProperty(document, "hidden", { get: () => asked.hidden });
  const api = { get: async () => { asked.times += 1; return { items: [] }; } };
  new Limits({ api, connection, onChange: () => { asked.changes += 1; } });
  window.asked = asked;
}"""


class TestWhenItIsAsked:
    """The clock of the page stands still but for what a test lets pass."""

    @pytest.fixture
    def watched(self, modules: Page) -> Page:
        modules.clock.install()
        modules.clock.pause_at("2100-01-01")
        modules.evaluate(WATCHED)
        return modules

    def times(self, page: Page) -> int:
        page.clock.run_for(1)
        times: int = page.evaluate("asked.times")
        return times

    def say(self, page: Page, kind: str) -> None:
        page.evaluate(
            "type => asked.connection.dispatchEvent(new CustomEvent('frame', { detail: { type } }))",
            kind,
        )

    def test_every_15_seconds_while_somebody_looks(self, watched: Page) -> None:
        assert self.times(watched) == 0
        watched.clock.run_for(15_000)
        assert self.times(watched) == 1
        watched.clock.run_for(30_000)
        assert self.times(watched) == 3

    def test_not_while_the_page_is_hidden_and_at_once_when_it_is_seen_again(self, watched: Page) -> None:
        watched.evaluate("asked.hidden = true")
        self.say(watched, "usage")
        watched.clock.run_for(60_000)
        assert self.times(watched) == 0
        watched.evaluate("asked.hidden = false; document.dispatchEvent(new Event('visibilitychange'))")
        assert self.times(watched) == 1

    def test_not_while_the_server_is_away(self, watched: Page) -> None:
        watched.evaluate("asked.connection.ready = false")
        watched.clock.run_for(60_000)
        assert self.times(watched) == 0
        watched.evaluate("asked.connection.ready = true; asked.connection.dispatchEvent(new Event('up'))")
        assert self.times(watched) == 1

    def test_many_events_at_once_are_two_questions(self, watched: Page) -> None:
        self.say(watched, "delta")
        assert self.times(watched) == 0
        for _ in range(50):
            self.say(watched, "usage")
        self.say(watched, "turn.ended")
        assert self.times(watched) == 1
        watched.clock.run_for(2_000)
        assert self.times(watched) == 2
        watched.clock.run_for(5_000)
        assert self.times(watched) == 2


FRESH: dict[str, Any] = {
    "dimension": "input",
    "configured": 40_000,
    "learnt": None,
    "limit": 40_000,
    "burst_seconds": 60,
    "capacity": 39_900,
    "level": 39_900,
    "full_in_seconds": 0,
    "others_share": 0,
}


@pytest.mark.parametrize(
    ("changes", "free", "note"),
    [
        ({}, "40,000 of 40,000 free", ""),
        ({"level": -900, "full_in_seconds": 61.2}, "0 of 40,000 free", "full again in 62 s"),
        (
            {"learnt": 30_000, "limit": 30_000},
            "30,000 of 30,000 free",
            "the provider allows 30,000, not 40,000",
        ),
        ({"configured": None, "learnt": 40_000}, "40,000 of 40,000 free", "limit told by the provider"),
        ({"others_share": 0.25}, "40,000 of 40,000 free", "others use about 25 % of it"),
        (
            {"burst_seconds": 30, "capacity": 19_900, "level": 9_950},
            "9,950 of 19,900 free at once, 40,000 a minute",
            "",
        ),
    ],
)
def test_the_words_of_one_limit(modules: Page, changes: dict[str, Any], free: str, note: str) -> None:
    script = """async (one) => (await import("/static/js/chat/headroom-words.js")).inFull(one)"""
    assert modules.evaluate(script, FRESH | changes) == {"name": "Input tokens", "free": free, "note": note}


def test_the_tightest_limit_is_shown_and_requests_only_if_alone(modules: Page) -> None:
    script = """async (dimensions) =>
      (await import("/static/js/chat/headroom-words.js")).tightest({ dimensions }).dimension"""
    requests, output = FRESH | {"dimension": "requests", "level": 0}, FRESH | {"dimension": "output", "level": 100}
    assert modules.evaluate(script, [requests, FRESH, output]) == "output"
    assert modules.evaluate(script, [requests]) == "requests"
