"""The settings tab as a person uses it: a real server, a real browser, no error in its console."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.serving import Served, serving

pytestmark = pytest.mark.needs_browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
]
PASSWORD = "countess of lovelace"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("browser") / "var") as running:
        yield running


@pytest.fixture(scope="module")
def signed_in(served: Served) -> Iterator[Page]:
    """A browser that has just made the first account, through the link that the server printed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page()
        assert served.setup_link is not None
        page.goto(served.setup_link)
        page.get_by_label("User name").fill("ada")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password, once more").fill(PASSWORD)
        page.get_by_role("button", name="Make the account").click()
        page.wait_for_url(f"{served.address}/")
        yield page
        browser.close()


@pytest.fixture
def tab(signed_in: Page, served: Served) -> Iterator[Page]:
    """The tab of sandbox-claude with nothing of the person's own. Fails if the console complained of anything."""
    complaints: list[str] = []
    signed_in.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    signed_in.on("pageerror", lambda error: complaints.append(str(error)))
    signed_in.goto(f"{served.address}/settings/?provider=sandbox&model=sandbox-claude")
    reset = signed_in.get_by_role("button", name="Reset")
    if reset.is_enabled():
        reset.click()
        expect(reset).to_be_disabled()
    yield signed_in
    assert complaints == []


def test_a_slider_stops_on_its_grid_and_at_both_ends(tab: Page) -> None:
    number = tab.get_by_label("Max Output Tokens", exact=True)
    slider = tab.get_by_label("Max Output Tokens, coarse")
    expect(number).to_have_value("8192")
    for key, value in [
        ("ArrowRight", "8704"),
        ("ArrowLeft", "8192"),
        ("Home", "1000"),
        ("ArrowUp", "1024"),
        ("ArrowUp", "1536"),
        ("ArrowDown", "1024"),
        ("ArrowDown", "1000"),
        ("End", "100000"),
        ("ArrowRight", "100000"),
        ("ArrowLeft", "99840"),
        ("PageDown", "94720"),
    ]:
        slider.press(key)
        expect(number).to_have_value(value)
        expect(slider).to_have_attribute("aria-valuetext", f"{value} tokens")
    box = slider.bounding_box()
    assert box is not None
    for x, value in [(box["width"] - 1, "100000"), (1, "1000")]:
        tab.mouse.click(box["x"] + x, box["y"] + box["height"] / 2)
        expect(number).to_have_value(value)


def test_the_number_moves_the_slider_and_is_never_rounded_to_it(tab: Page) -> None:
    number = tab.get_by_label("Max Output Tokens", exact=True)
    number.fill("12345")
    expect(tab.get_by_label("Max Output Tokens, coarse")).to_have_value("12345")
    temperature = tab.get_by_label("Temperature", exact=True)
    temperature.fill("0.75")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved. It applies from the next turn on.")).to_be_visible()
    expect(number).to_have_value("12345")
    expect(temperature).to_have_value("0.75")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Nothing was changed")).to_be_visible()
    expect(temperature).to_have_value("0.75")


@pytest.mark.parametrize(("model", "tokens"), [("sandbox-claude", "8192"), ("sandbox-gpt", "16384")])
def test_opening_and_saving_writes_nothing(tab: Page, served: Served, model: str, tokens: str) -> None:
    tab.goto(f"{served.address}/settings/?provider=sandbox&model={model}")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Nothing was changed")).to_be_visible()
    expect(tab.get_by_label("Max Output Tokens", exact=True)).to_have_value(tokens)
    expect(tab.get_by_role("button", name="Reset")).to_be_disabled()


def test_unsaved_changes_are_said_and_taken_back(tab: Page) -> None:
    state = tab.locator("[data-saved-state]")
    number = tab.get_by_label("Max Iterations", exact=True)
    expect(state).to_have_text("All saved.")
    tab.get_by_label("Max Iterations, coarse").press("ArrowLeft")
    expect(number).to_have_value("14")
    expect(state).to_have_text("Unsaved changes.")
    number.fill("15")
    expect(state).to_have_text("All saved.")
    number.fill("26")
    expect(tab.get_by_text("A number from 1 to 25, please.")).to_be_visible()
    number.fill("15")
    expect(tab.get_by_text("A number from 1 to 25, please.")).to_be_hidden()


def test_choosing_a_model_shows_it_at_once(tab: Page) -> None:
    tab.get_by_label("Model", exact=True).select_option("sandbox-gpt")
    expect(tab.get_by_label("Max Output Tokens", exact=True)).to_have_value("16384")


def test_nothing_scrolls_sideways_on_a_phone(tab: Page) -> None:
    tab.set_viewport_size({"width": 360, "height": 740})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    tab.set_viewport_size({"width": 1200, "height": 900})


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/agents/agentconfig/add/",
        "/admin/agents/provider/",
        "/admin/accounts/user/",
        "/admin/accounts/apitoken/",
        "/admin/chat/turn/",
        "/api/v1/docs",
    ],
)
def test_the_strict_policy_breaks_no_staff_page(tab: Page, served: Served, path: str) -> None:
    answer = tab.goto(f"{served.address}{path}", wait_until="networkidle")
    assert answer is not None
    assert answer.status == 200
