"""Staff pages in a real browser, from the real server: the strict policy breaks none of them."""

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
        page.get_by_role("link", name="Go on with the sandbox").click()
        page.wait_for_url(f"{served.address}/")
        yield page
        browser.close()


@pytest.fixture
def staff_page(signed_in: Page) -> Iterator[Page]:
    """Fails if the console complained of anything."""
    complaints: list[str] = []
    signed_in.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    signed_in.on("pageerror", lambda error: complaints.append(str(error)))
    yield signed_in
    assert complaints == []


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
def test_the_strict_policy_breaks_no_staff_page(staff_page: Page, served: Served, path: str) -> None:
    answer = staff_page.goto(f"{served.address}{path}", wait_until="networkidle")
    assert answer is not None
    assert answer.status == 200


def test_the_first_admin_can_set_and_reset(staff_page: Page, served: Served) -> None:
    staff_page.goto(f"{served.address}/settings/?provider=sandbox&model=sandbox-claude")
    staff_page.get_by_label("Temperature", exact=True).fill("0.75")
    staff_page.get_by_role("button", name="Save", exact=True).click()
    expect(staff_page.get_by_text("Saved. It applies from the next turn on.")).to_be_visible()
    staff_page.get_by_role("button", name="Reset all").click()
    expect(staff_page.get_by_label("Temperature", exact=True)).to_have_value("0.7")
