"""Provider rows to calls at a gateway: addresses, headers, prefixes, OAuth2, and the guard in front of all of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from agents import registry, secrets
from agents.llm.errors import ConfigInvalid, EgressBlocked, GatewayTokenFailed, LLMError, ProviderAuth
from agents.llm.events import ModelEvent, TextDelta
from agents.llm.messages import user_text
from agents.llm.providers.base import BlockCounts, ModelRequest
from agents.models import LanguageModel, ModelCall, Provider, Wire
from agents.provider_keys import has_credentials
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.oauth2 import TOKEN_PATH, TokenOffice
from agents.sandbox.pace import Pacing
from agents.threads import in_thread
from tests.agents.egress.names import asking
from tests.agents.gateways import CLIENT_SECRET, Gateway, gateway
from tests.agents.odd_servers import http, listening
from tests.agents.rows import make_model

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sk-canary-9d1c-0123456789f3"
WIRES = [(Wire.OPENAI_CHAT, "sandbox-gpt"), (Wire.ANTHROPIC_MESSAGES, "sandbox-claude")]


@pytest.fixture(autouse=True)
def _here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]
    monkeypatch.setenv("GATE_SECRET", CLIENT_SECRET)
    yield
    registry.use_sandbox(SandboxApp())


async def made(
    base_url: str, *, wire: str = Wire.OPENAI_CHAT, model_id: str = "sandbox-gpt", **more: Any
) -> LanguageModel:
    kind = "anthropic" if wire == Wire.ANTHROPIC_MESSAGES else "openai_compatible"
    values = {"kind": kind, "auth": "none", "base_url": base_url, "slug": "gate", **more}
    return await in_thread(make_model)(wire=wire, model_id=model_id, **values)


async def answer(model: LanguageModel) -> str:
    request = ModelRequest(
        model=model.model_id,
        call_id=str(model.pk),
        instructions="",
        messages=(user_text("echo ok"),),
        counts=BlockCounts(instructions=0, tools=0, overhead=1, messages=(1,)),
        max_output_tokens=50,
    )
    governed = await registry.build_model(model=model, user_id="")
    await in_thread(ModelCall.objects.all().delete)()
    events: list[ModelEvent] = [event async for event in governed.stream(request)]
    return "".join(event.text for event in events if isinstance(event, TextDelta))


class TestAddresses:
    @pytest.mark.parametrize(
        ("root", "base"),
        [("", "/v1"), ("", "/v1/"), ("/openai", "/openai/v1"), ("/api/llm/team-7", "/api/llm/team-7/v1")],
    )
    async def test_the_chat_wire_keeps_the_path(self, root: str, base: str) -> None:
        async with gateway(root=root) as gate:
            assert await answer(await made(gate.url + base)) == "ok"
            assert [path for path, *_ in gate.seen] == [f"{root}/v1/chat/completions"]

    @pytest.mark.parametrize(
        ("root", "base"), [("", ""), ("", "/"), ("", "/v1"), ("/claude", "/claude"), ("/claude", "/claude/")]
    )
    async def test_the_messages_wire_keeps_the_path(self, root: str, base: str) -> None:
        wire, model_id = WIRES[1]
        async with gateway(root=root) as gate:
            assert await answer(await made(gate.url + base, wire=wire, model_id=model_id)) == "ok"
            assert [path for path, *_ in gate.seen] == [f"{root}/v1/messages"]

    @pytest.mark.parametrize("prefix", ["openai/", "azure/eu-1/", "bedrock:", "vllm:70b/"])
    @pytest.mark.parametrize(("wire", "model_id"), WIRES)
    async def test_a_model_id_is_sent_as_it_is_with_its_prefix(self, prefix: str, wire: str, model_id: str) -> None:
        async with gateway(prefix=prefix) as gate:
            base = gate.url + ("/v1" if wire == Wire.OPENAI_CHAT else "")
            assert await answer(await made(base, wire=wire, model_id=prefix + model_id)) == "ok"
            assert gate.seen[0][2]["model"] == prefix + model_id


class TestHeaders:
    async def test_are_sent_with_every_call(self) -> None:
        async with gateway() as gate:
            await answer(await made(f"{gate.url}/v1", headers={"x-team": "payments", "X-Region": "eu"}))
            sent = gate.seen[0][1]
        assert (sent["x-team"], sent["x-region"]) == ("payments", "eu")

    async def test_that_refer_to_a_secret_are_sent_with_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("APIM", "canary-header")
        async with gateway() as gate:
            await answer(await made(f"{gate.url}/v1", headers={"ocp-apim-subscription-key": "env:APIM"}))
            assert gate.seen[0][1]["ocp-apim-subscription-key"] == "canary-header"

    @pytest.mark.parametrize("value", [None, "", "two\nlines", "ünsafe"])
    async def test_that_refer_to_nothing_that_can_be_sent_are_told(
        self, monkeypatch: pytest.MonkeyPatch, value: str | None
    ) -> None:
        monkeypatch.delenv("APIM", raising=False)
        if value is not None:
            monkeypatch.setenv("APIM", value)
        async with gateway() as gate:
            model = await made(f"{gate.url}/v1", headers={"x-key": "env:APIM"})
            with pytest.raises(ConfigInvalid, match="header x-key of gate refers to env:APIM"):
                await answer(model)
            assert gate.seen == []


class TestOAuth2:
    @pytest.mark.parametrize(("wire", "model_id"), WIRES)
    async def test_a_row_with_client_credentials_is_called_with_a_token(self, wire: str, model_id: str) -> None:
        async with gateway(oauth2=True) as gate:
            base = gate.url + ("/v1" if wire == Wire.OPENAI_CHAT else "")
            model = await made(base, wire=wire, model_id=model_id, auth="oauth2", oauth2=gate.oauth2())
            assert has_credentials(model.provider)
            assert [await answer(model) for _ in range(3)] == ["ok"] * 3
            assert gate.office is not None
            assert gate.office.asked == 1
            calls = [headers for path, headers, _ in gate.seen if path != TOKEN_PATH]
        assert len(calls) == 3
        for headers in calls:
            assert headers["authorization"].startswith("Bearer ")
            assert len(headers["authorization"]) > 30
            assert "x-api-key" not in headers

    async def test_event_loops_share_the_token(self) -> None:
        async with gateway(oauth2=True) as gate:
            model = await made(f"{gate.url}/v1", auth="oauth2", oauth2=gate.oauth2(scope=""))
            await answer(model)
            said: list[str] = []
            thread = threading.Thread(target=lambda: said.append(asyncio.run(answer(model))))
            thread.start()
            await asyncio.to_thread(thread.join)
            assert said == ["ok"]
            assert gate.office is not None
            assert gate.office.asked == 1

    async def test_a_changed_secret_is_used_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with gateway(oauth2=True) as gate:
            model = await made(f"{gate.url}/v1", auth="oauth2", oauth2=gate.oauth2())
            await answer(model)
            monkeypatch.setenv("GATE_SECRET", "another")
            with pytest.raises(GatewayTokenFailed, match="invalid_client"):
                await answer(model)

    async def test_the_sandbox_in_this_process_can_want_tokens_too(self) -> None:
        office = TokenOffice(client_id="tokenproject", client_secret=CLIENT_SECRET)
        registry.use_sandbox(SandboxApp(exchange=Exchange(pacing=Pacing(factor=0)), oauth2=office))
        oauth2 = Gateway(url="http://sandbox").oauth2()
        for number, (wire, model_id) in enumerate(WIRES):
            model = await made(
                "", wire=wire, model_id=model_id, kind="sandbox", auth="oauth2", oauth2=oauth2, slug=f"s{number}"
            )
            assert await answer(model) == "ok"
        assert office.asked == 1

    @pytest.mark.parametrize(
        ("oauth2", "said"),
        [
            ({}, "no OAuth2 client secret"),
            ({"client_secret": "env:NOT_THERE"}, "no OAuth2 client secret"),
            ({"client_secret": "sealed:nonsense"}, "re-enter the key"),
        ],
    )
    async def test_without_a_secret_nothing_is_sent(self, oauth2: dict[str, str], said: str) -> None:
        async with asking() as place:
            url = f"http://127.0.0.1:{place.port}"
            values = {"token_url": url, "client_id": "c", **oauth2} if oauth2 else {}
            model = await made(url, auth="oauth2", oauth2=values)
            assert not has_credentials(model.provider)
            with pytest.raises(ConfigInvalid, match=said):
                registry.check_callable(model)
            assert place.connections == 0

    async def test_a_refused_client_is_told_in_the_ledger_and_to_the_user(self) -> None:
        async with gateway(oauth2=True) as gate:
            model = await made(f"{gate.url}/v1", auth="oauth2", oauth2=gate.oauth2(client_id="another"))
            with pytest.raises(GatewayTokenFailed) as caught:
                await answer(model)
        assert "gate wants a token of its identity provider" in caught.value.message
        call = await in_thread(ModelCall.objects.get)()
        assert (call.status, call.error_code) == ("failed", "gateway_token_failed")


class TestTheGuard:
    async def test_stands_before_every_call(self, settings: Settings) -> None:
        settings.EGRESS_ALLOW_PRIVATE = []
        async with asking() as place:
            for number, (wire, model_id) in enumerate(WIRES):
                for scheme in ("http", "https"):
                    base = f"{scheme}://localhost:{place.port}"
                    model = await made(base, wire=wire, model_id=model_id, slug=f"{scheme}{number}")
                    with pytest.raises(EgressBlocked, match="nothing was sent"):
                        await answer(model)
                    call = await in_thread(ModelCall.objects.get)()
                    assert call.error_code == "egress_blocked"
            assert place.connections == 0

    async def test_stands_before_every_token_call(self, settings: Settings) -> None:
        async with gateway(oauth2=True) as gate, asking() as place:
            url = gate.url.replace("127.0.0.1", "localhost")
            settings.EGRESS_ALLOW_PRIVATE = ["localhost"]
            oauth2 = gate.oauth2(token_url=f"http://127.0.0.1:{place.port}/token")
            model = await made(f"{url}/v1", auth="oauth2", oauth2=oauth2)
            with pytest.raises(EgressBlocked):
                await answer(model)
            assert (place.connections, gate.seen) == (0, [])

    async def test_never_lets_anybody_to_the_metadata_of_a_cloud(self, settings: Settings) -> None:
        settings.EGRESS_ALLOW_PRIVATE = ["metadata.internal", "fd00::/8"]
        for number, base in enumerate(["http://169.254.169.254/v1", "http://[fd00:ec2::254]/v1"]):
            with pytest.raises(EgressBlocked):
                await answer(await made(base, slug=f"m{number}"))

    async def test_a_change_of_what_is_allowed_counts_at_once(self, settings: Settings) -> None:
        async with gateway() as gate:
            model = await made(f"{gate.url}/v1")
            assert await answer(model) == "ok"
            settings.EGRESS_ALLOW_PRIVATE = []
            with pytest.raises(EgressBlocked):
                await answer(model)
            settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]
            assert await answer(model) == "ok"


async def failure(model: LanguageModel) -> LLMError:
    with pytest.raises(LLMError) as caught:
        await answer(model)
    return caught.value


class TestSecrets:
    async def test_that_a_gateway_repeats_are_cut_out_of_the_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("APIM", "canary-header-7b")
        body = f'{{"error": {{"message": "bad {KEY} and canary-header-7b"}}}}'
        async with listening(http("401 Unauthorized", body)) as port:
            model = await made(
                f"http://127.0.0.1:{port}/v1",
                auth="api_key",
                api_key=secrets.seal(KEY),
                headers={"x-key": "env:APIM"},
            )
            error = await failure(model)
        assert isinstance(error, ProviderAuth)
        assert "bad [secret] and [secret]" in error.detail
        assert "canary" not in f"{error} {error.detail} {error.params} {error.__cause__!r}"

    async def test_a_token_that_a_gateway_repeats_is_cut_out_too(self) -> None:
        async with gateway(oauth2=True) as gate:
            office = gate.office
            assert office is not None
            model = await made(f"{gate.url}/v1", auth="oauth2", oauth2=gate.oauth2())
            await answer(model)
            token = next(iter(office._ends))
        body = f'{{"error": {{"message": "not with {token}"}}}}'
        async with listening(http("403 Forbidden", body)) as port:
            await in_thread(Provider.objects.update)(base_url=f"http://127.0.0.1:{port}/v1")
            await in_thread(model.provider.refresh_from_db)()
            error = await failure(model)
        assert "not with [secret]" in error.detail
        assert token not in f"{error} {error.detail} {error.__cause__!r}"
