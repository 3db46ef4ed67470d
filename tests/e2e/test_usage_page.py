"""The usage page as a person sees it: after a real chat, with its chart, at any width and in both themes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Locator, Page, expect

from accounts.models import User
from agents.models import LanguageModel
from tests.agents.booked import book
from tests.e2e.accessibility import serious_faults
from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import SignIn

DAYS = 12


@pytest.fixture
def usage(signed_in_page: Page, reader: User, live_server_url: str) -> Page:
    """The page of a reader with calls on twelve days: 1,000 tokens in on the first, 12,000 in today."""
    model = LanguageModel.objects.get(model_id="sandbox-claude")
    for day in range(DAYS):
        tokens = {"input_tokens": 1_000 * (day + 1), "cache_read_tokens": 300, "output_tokens": 50}
        book(reader, model, at=timezone.now() - timedelta(days=DAYS - 1 - day), agent="smart", **tokens)
    signed_in_page.goto(f"{live_server_url}/settings/usage/")
    return signed_in_page


def plot(page: Page) -> Locator:
    return page.locator("[data-plot] canvas")


def painted(page: Page) -> Any:
    """The colours of the chart's middle column, top to bottom, without repetition."""
    return plot(page).evaluate(
        """(canvas) => {
          const box = document.querySelector(".u-over").getBoundingClientRect();
          const here = canvas.getBoundingClientRect();
          const scale = canvas.width / here.width;
          const today = (box.right - here.left - box.width / 60) * scale;
          const column = canvas.getContext("2d").getImageData(Math.round(today), 0, 1, canvas.height).data;
          const seen = [];
          for (let at = 0; at < column.length; at += 4) {
            const colour = [...column.slice(at, at + 4)].join();
            if (column[at + 3] === 255 && seen.at(-1) !== colour) seen.push(colour);
          }
          return seen;
        }"""
    )


def test_an_answer_is_counted_under_its_model_and_its_agent(chat: ChatPage, live_server_url: str) -> None:
    chat.ask("echo hello")
    chat.page.goto(f"{live_server_url}/settings/usage/")
    for table, name in [("By model", "Sandbox Claude"), ("By agent", "Smart Agent")]:
        row = chat.page.get_by_role("table", name=table).get_by_role("row", name=re.compile(name))
        expect(row.get_by_role("cell").nth(0)).to_have_text("1")
        expect(row.get_by_role("cell").nth(1)).not_to_have_text("0")
    expect(chat.page.get_by_text("a chart needs two")).to_be_visible()
    expect(chat.page.locator(".usage-totals")).to_contain_text("target 0")


def test_the_bars_are_drawn_in_the_colours_of_their_keys(usage: Page) -> None:
    expect(plot(usage)).to_be_visible()
    keys = usage.locator("[data-series]").evaluate_all(
        "(keys) => keys.map((key) => getComputedStyle(key).color.match(/[0-9]+/g).slice(0, 3).join() + ',255')"
    )
    assert [colour for colour in painted(usage) if colour in keys] == keys


def test_pointing_at_a_day_reads_it_out(usage: Page) -> None:
    readout = usage.locator("[data-readout]")
    expect(readout).to_have_text("Point at a day to read it.")
    box = usage.locator(".u-over").bounding_box()
    assert box is not None
    usage.mouse.move(box["x"] + box["width"] - 5, box["y"] + 20)
    expect(readout).to_have_text(re.compile(r": 12,000 in \(300 cached\), 50 out$"))
    usage.mouse.move(1, 1)
    expect(readout).to_have_text("Point at a day to read it.")


def test_the_chart_follows_the_theme_and_the_width(usage: Page) -> None:
    usage.emulate_media(color_scheme="light")
    light = painted(usage)
    usage.get_by_role("button", name="Change between light and dark").click()
    expect(plot(usage)).to_have_count(1)
    assert painted(usage) != light
    usage.set_viewport_size({"width": 360, "height": 700})
    inside = "() => document.querySelector('[data-plot] canvas').getBoundingClientRect().right < innerWidth"
    usage.wait_for_function(inside)
    assert usage.evaluate("document.documentElement.scrollWidth") == 360


def test_the_table_has_the_numbers_of_the_chart(usage: Page) -> None:
    table = usage.get_by_role("table", name="By day")
    expect(table).to_be_hidden()
    usage.get_by_text("The numbers day by day").click()
    expect(table.get_by_role("row")).to_have_count(DAYS + 1)
    expect(table.get_by_role("row").nth(1)).to_contain_text("12,000")
    expect(table.get_by_role("row").last).to_contain_text("1,000")


def test_a_shorter_time_is_one_press_away(usage: Page) -> None:
    usage.get_by_role("link", name="7 days").click()
    expect(usage.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    expect(usage.locator(".usage-totals dd").first).to_have_text(f"{sum(range(6, 13)) * 1_000:,}")


def test_the_export_comes_as_a_file(usage: Page) -> None:
    with usage.expect_download() as download:
        usage.get_by_role("link", name="CSV by model").click()
    assert re.fullmatch(r"usage-by-model-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    assert "sandbox/sandbox-claude" in download.value.path().read_text()


def test_staff_look_at_everyone(
    usage: Page, reader: User, context: BrowserContext, sign_in: SignIn, live_server_url: str
) -> None:
    sign_in(context, is_staff=True)
    usage.goto(f"{live_server_url}/settings/usage/")
    expect(usage.get_by_text("No model call in these days")).to_be_visible()
    usage.get_by_label("Whose").select_option("everyone")
    usage.get_by_role("button", name="Show").click()
    expect(usage.get_by_role("table", name="By user").get_by_role("row", name=reader.username)).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("query", ["", "?days=7", "?from=2020-01-01&to=2020-01-02", "?from=2026-11-22&to=2026-11-01"])
def test_no_serious_fault_and_nothing_scrolls_sideways(
    usage: Page, live_server_url: str, noise: Any, theme: Any, width: int, query: str
) -> None:
    noise.expect("422")
    usage.set_viewport_size({"width": width, "height": 800})
    usage.emulate_media(color_scheme=theme)
    usage.goto(f"{live_server_url}/settings/usage/{query}")
    for summary in usage.locator("main summary").all():
        summary.click()
    assert serious_faults(usage) == []
    assert usage.evaluate("document.documentElement.scrollWidth") == width


def test_what_is_said_of_a_day(modules: Page) -> None:
    said = modules.evaluate(
        """async () => {
          const { said, stacked } = await import("/static/js/usage/bars.js");
          const data = { day: [0, 86400], input: [10, 2000], cached: [4, 0], output: [1, 30] };
          return [said(data, 1), stacked(data)];
        }"""
    )
    assert said[0] == "Jan 2, 1970: 2,000 in (0 cached), 30 out"
    assert said[1] == {"day": [0, 86400], "total": [11, 2030], "input": [10, 2000], "cached": [4, 0]}
