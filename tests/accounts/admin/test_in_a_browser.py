"""The admin in a real browser, from the real server: what one does there, under the strict policy, at every size."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.accessibility import serious_faults
from tests.serving import Served, serving

pytestmark = pytest.mark.needs_browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
]
PASSWORD = "countess of lovelace"
PATIENCE = 30_000  # milliseconds


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("browser") / "var") as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def session(chromium: Browser, served: Served) -> Iterator[BrowserContext]:
    """Where the first admin has just made her account."""
    with chromium.new_context(base_url=served.address) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(served.setup_link or "")
        page.get_by_label("User name").fill("ada")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password, once more").fill(PASSWORD)
        page.get_by_role("button", name="Make the account").click()
        page.get_by_role("link", name="Go on with the sandbox").click()
        page.wait_for_url(f"{served.address}/")
        page.close()
        yield context


@pytest.fixture
def page(session: BrowserContext) -> Iterator[Page]:
    """Fails if the console complained of anything."""
    complaints: list[str] = []
    page = session.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


def test_an_invited_person_is_let_in_and_sent_out_again(page: Page, served: Served, chromium: Browser) -> None:
    page.goto("/admin/accounts/user/add/")
    page.get_by_label("Username").fill("bob")
    page.get_by_role("button", name="Save").click()
    link = page.get_by_label("Works once, for 24 hours").input_value()

    with chromium.new_context() as elsewhere:
        elsewhere.set_default_timeout(PATIENCE)
        bob = elsewhere.new_page()
        bob.goto(link)
        bob.get_by_label("Password", exact=True).fill(PASSWORD)
        bob.get_by_label("Password, once more").fill(PASSWORD)
        bob.get_by_role("button", name="Save and sign in").click()
        bob.wait_for_url(f"{served.address}/")

        page.get_by_role("link", name="Done").click()
        page.get_by_role("button", name="Deactivate…").click()
        expect(page.get_by_text("They are signed out everywhere")).to_be_visible()
        page.get_by_role("button", name="Deactivate").click()
        expect(page.get_by_text("Deactivated: bob.")).to_be_visible()
        bob.goto(f"{served.address}/password/")
        expect(bob.get_by_role("button", name="Sign in")).to_be_visible()

    page.goto("/admin/accounts/auditentry/")
    expect(page.get_by_role("row", name="deactivated: User bob")).to_contain_text("True → False")


def test_the_sandbox_answers_at_a_click(page: Page) -> None:
    page.goto("/admin/agents/provider/?q=sandbox")
    page.get_by_role("link", name="Sandbox", exact=True).first.click()
    page.get_by_role("link", name="Test connection…").click()
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_role("heading", name="The connection to Sandbox works")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Answer: fine.")).to_contain_text("answered “ok”")


@pytest.mark.parametrize(
    "path",
    [
        "/admin/agents/agentcopy/",
        "/admin/agents/agentcopy/add/?slug=datadog-champion&based_on=datadog-champion",
        "/admin/agents/provider/add/",
        "/admin/agents/languagemodel/?q=sandbox-claude",
        "/admin/agents/ratepool/add/",
        "/admin/agents/settingrule/add/",
        "/admin/agents/modelcall/",
        "/admin/accounts/user/add/",
        "/admin/accounts/auditentry/",
        "/admin/chat/turn/",
        "/settings/effective/?user=ada",
        "/password/",
    ],
)
def test_no_page_is_wider_than_a_phone(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        answer = page.goto(path, wait_until="networkidle")
        assert answer is not None
        assert answer.status == 200
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_meets_a_serious_obstacle(page: Page, scheme: Literal["light", "dark"]) -> None:
    """On the pages with most to press: lists with their filters, forms with their inlines and searching selects."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for path in (
        "/admin/",
        "/admin/agents/modelcall/",
        "/admin/chat/turn/",
        "/admin/accounts/auditentry/",
        "/admin/agents/agentcopy/",
        "/admin/agents/agentcopy/add/?based_on=datadog-champion",
        "/admin/agents/provider/add/",
        "/admin/agents/agentconfig/add/",
        "/admin/agents/settingrule/add/",
    ):
        page.goto(path, wait_until="networkidle")
        assert serious_faults(page) == [], path
    page.goto("/admin/accounts/user/?q=ada")
    page.get_by_role("link", name="ada", exact=True).click()
    page.wait_for_load_state("networkidle")
    assert serious_faults(page) == []


def test_a_select_that_searches_is_called_by_its_label(page: Page) -> None:
    page.goto("/admin/agents/agentconfig/add/")
    expect(page.get_by_role("combobox", name="User")).to_be_visible()
    page.goto("/admin/agents/languagemodel/?q=sandbox-claude")
    page.get_by_role("link", name="Sandbox Claude", exact=True).click()
    page.locator("#configs-2-group summary").click()
    page.get_by_role("button", name="Add another Agent config of a person").click()
    expect(page.get_by_role("combobox", name="User")).to_be_visible()


def test_the_inlines_of_a_model_work_under_the_strict_policy(page: Page) -> None:
    page.goto("/admin/agents/languagemodel/?q=sandbox-claude")
    page.get_by_role("link", name="Sandbox Claude", exact=True).click()
    page.locator("#configs-group summary").click()
    page.get_by_role("button", name="Add another Agent config of the organisation").click()
    page.locator("#id_configs-0-max_iterations").fill("7")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    page.goto("/settings/effective/")
    page.get_by_label("Model").select_option(label="Sandbox · Sandbox Claude")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row", name="Max Iterations")).to_contain_text("set by the organisation")


def test_an_agent_is_edited_compared_and_reset(page: Page) -> None:
    page.goto("/admin/agents/agentcopy/")
    page.get_by_role("listitem").filter(has_text="Datadog Champion").get_by_role("link", name="edit").click()
    instructions = page.get_by_role("textbox", name="Instructions")
    instructions.fill(f"{instructions.input_value()}\nAnswer in French.")
    page.get_by_label("datadog_monitors").uncheck()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_role("region", name="Lines that differ").get_by_role("insertion")).to_have_text(
        "Answer in French."
    )
    assert serious_faults(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="Reset to shipped…").click()
    page.get_by_role("button", name="Reset to shipped").click()
    expect(page.get_by_text("Datadog Champion is as shipped again")).to_be_visible()
