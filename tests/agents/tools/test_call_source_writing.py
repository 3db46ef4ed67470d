"""`call_source` where it changes something: what is shown, that it is sent exactly so and once, and when it is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pytest_django import Settings

from agents import secrets
from agents.llm.consent import ConsentRequest, Decision
from agents.llm.messages import ToolCall, ToolResult
from agents.llm.tools import ToolSet, run_tool
from agents.models import HttpSource
from agents.registry import sandbox
from agents.sandbox.app import SandboxApp
from agents.sandbox.oauth2 import TOKEN_PATH, TokenOffice
from agents.sources import fetch
from agents.threads import in_thread
from agents.tools.call_source import call_source
from tests.agents.odd_servers import listening
from tests.agents.sandbox.stage import serving
from tests.agents.sources.services import define, says, service

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "canary-source-key-7b21"
ORDER = {"source": "shop", "path": "/orders/7?notify=yes", "method": "post", "body": {"note": "ö", "n": [1, 2.5, None]}}
SHOWN = """\
POST {url}/orders/7?notify=yes
Content-Type: application/json

{{
  "note": "ö",
  "n": [
    1,
    2.5,
    null
  ]
}}"""


@pytest.fixture(autouse=True)
def _private_places_are_allowed(settings: Settings) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]


class Person:
    """Decides, after `meanwhile` has happened."""

    def __init__(
        self, decision: Decision = "approved", *, meanwhile: Callable[[], Awaitable[Any]] | None = None
    ) -> None:
        self.asked: list[ConsentRequest] = []
        self._decision, self._meanwhile = decision, meanwhile

    async def ask(self, call: ToolCall, request: ConsentRequest) -> Decision:
        self.asked.append(request)
        if self._meanwhile is not None:
            await self._meanwhile()
        return self._decision


async def use(person: Person | None, /, **arguments: Any) -> ToolResult:
    call = ToolCall(id="c", name="call_source", arguments=json.dumps(arguments))
    return await run_tool(ToolSet([call_source]), call, ask=person.ask if person else None)


async def defined(**values: Any) -> HttpSource:
    return await in_thread(define)(**{"allowed_methods": "GET, POST, DELETE"} | values)


class TestWhatIsAllowed:
    async def test_is_sent_exactly_as_it_was_shown(self) -> None:
        person = Person()
        async with service(says('{"ok": true}', status="201 Created")) as shop:
            await defined(base_url=shop.url, auth="header", api_key=secrets.seal(KEY))
            result = await use(person, **ORDER)
        assert result.ok, result.text
        assert json.loads(result.text)["status"] == 201
        [request] = person.asked
        assert (request.title, request.request) == ("POST to Shop", SHOWN.format(url=shop.url))
        head, body = request.request.split("\n\n", 1)
        assert shop.lines == [f"POST {head.splitlines()[0].removeprefix(f'POST {shop.url}')} HTTP/1.1"]
        assert shop.bodies == [body]
        assert "content-type: application/json" in shop.asked[0].lower()
        assert f"bearer {KEY}" in shop.asked[0].lower()
        assert KEY not in request.request + request.title

    async def test_needs_no_body(self) -> None:
        person = Person()
        async with service(says("", status="204 No Content")) as shop:
            await defined(base_url=shop.url)
            result = await use(person, source="shop", path="/orders/7", method="DELETE")
        assert result.ok
        assert person.asked[0].request == f"DELETE {shop.url}/orders/7"
        assert shop.lines == ["DELETE /orders/7 HTTP/1.1"]

    async def test_reading_asks_nobody(self) -> None:
        person = Person("denied")
        async with service(says("[]")) as shop:
            await defined(base_url=shop.url)
            assert (await use(person, source="shop", path="/orders")).ok
        assert person.asked == []

    async def test_a_refund_can_be_made_in_the_sandbox_company(self) -> None:
        await defined(slug="company", name="Sandbox company", allowed_paths="/company/*")
        refund = {"order": "ORD-10014", "amount_cents": 500}
        person = Person()
        result = await use(person, source="company", path="/company/refunds", method="POST", body=refund)
        assert result.ok
        assert person.asked[0].request.startswith("POST http://sandbox/company/refunds\n")
        assert sandbox().company.refunds.made[-1].items() >= refund.items()


class TestNothingIsSent:
    @pytest.mark.parametrize("decision", ["denied", "unanswered"])
    async def test_without_a_consent(self, decision: Decision) -> None:
        async with service(says("[]")) as shop:
            await defined(base_url=shop.url)
            result = await use(Person(decision), **ORDER)
        assert not result.ok
        assert shop.asked == []

    async def test_where_nobody_can_be_asked(self) -> None:
        async with service(says("[]")) as shop:
            await defined(base_url=shop.url)
            assert "cannot be asked for here" in (await use(None, **ORDER)).text
        assert shop.asked == []

    async def test_by_the_tool_itself_around_the_asking(self) -> None:
        async with service(says("[]")) as shop:
            await defined(base_url=shop.url)
            with pytest.raises(Exception, match="cannot be asked for here"):
                await call_source.run(ORDER)
        assert shop.asked == []

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"enabled": False}, "none is defined"),
            ({"allowed_methods": "GET"}, "may not be called with POST"),
            ({"allowed_paths": "/other"}, "has no path /orders/7"),
            ({"base_url": "http://127.0.0.2:9"}, "was changed after the user allowed this"),
        ],
    )
    async def test_if_the_source_was_changed_while_somebody_thought(self, changes: dict[str, Any], told: str) -> None:
        async with service(says("[]")) as shop:
            await defined(base_url=shop.url)
            person = Person(meanwhile=lambda: in_thread(HttpSource.objects.update)(**changes))
            result = await use(person, **ORDER)
        assert told in result.text
        assert (len(person.asked), shop.asked) == (1, [])

    async def test_and_nobody_is_asked_for_what_may_not_be_called_anyway(self) -> None:
        person = Person()
        await defined(allowed_methods="GET")
        assert "may not be called with POST" in (await use(person, **ORDER)).text
        assert "has no path /admin" in (await use(person, source="shop", path="/admin")).text
        assert person.asked == []

    async def test_to_a_place_that_may_not_be_called(self, settings: Settings) -> None:
        async with service(says("[]")) as shop:
            await defined(base_url=shop.url)
            settings.EGRESS_ALLOW_PRIVATE = []
            assert "leads to a place that this server may not call" in (await use(Person(), **ORDER)).text
        assert shop.asked == []


class TestItIsSentOnce:
    async def test_although_it_is_redirected(self) -> None:
        async with service(says("", status="307 There", more="Location: /orders/8\r\n")) as shop:
            await defined(base_url=shop.url)
            assert "a redirect, which is not followed" in (await use(Person(), **ORDER)).text
        assert len(shop.asked) == 1

    async def test_although_the_service_fails(self) -> None:
        async with service(says("busy", status="503 Busy")) as shop:
            await defined(base_url=shop.url)
            assert "the status 503" in (await use(Person(), **ORDER)).text
        assert len(shop.asked) == 1

    async def test_although_the_answer_breaks_off_and_the_model_is_told_that_nobody_knows(self) -> None:
        async with service(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[") as shop:
            await defined(base_url=shop.url)
            assert "whether it did what was asked is not known" in (await use(Person(), **ORDER)).text
        assert len(shop.asked) == 1

    async def test_although_nothing_comes_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fetch, "SECONDS", 0.2)
        async with listening(None) as port:
            await defined(base_url=f"http://127.0.0.1:{port}")
            result = await asyncio.wait_for(use(Person(), **ORDER), 5)
        assert "is not known: look before you ask for it again" in result.text

    async def test_although_its_token_is_refused_and_the_next_call_has_a_new_one(self) -> None:
        office = TokenOffice(client_id="writer", client_secret="s3cret-of-writer")
        refusing = service(says("{}", status="401 Unauthorized"))
        async with serving(SandboxApp(oauth2=office)) as identity, refusing as shop:
            said = {"token_url": identity + TOKEN_PATH, "client_id": "writer"}
            said["client_secret"] = secrets.seal("s3cret-of-writer")
            await defined(base_url=shop.url, auth="oauth2", oauth2=said)
            results = [await use(Person(), **ORDER) for _ in range(2)]
        assert not any(result.ok for result in results)
        assert len(shop.asked) == 2
        signed = [line for head in shop.asked for line in head.splitlines() if line.lower().startswith("authorization")]
        assert len(set(signed)) == 2
