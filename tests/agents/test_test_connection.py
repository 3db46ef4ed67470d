from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from agents import registry, secrets
from agents.models import LanguageModel, ModelCall, Wire
from agents.pool_limits import pool_of
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from agents.test_connection import PURPOSE, Step, try_connection
from agents.threads import in_thread
from tests.agents.gateways import CLIENT_SECRET, Gateway, gateway
from tests.agents.odd_servers import http, listening
from tests.agents.rows import make_model
from tests.agents.sandbox.stage import serving
from tests.serving import free_port

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sk-canary-9d1c-0123456789f3"


@pytest.fixture(autouse=True)
def _here(settings: Settings) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]
    registry.use_sandbox(quick())


def quick() -> SandboxApp:
    return SandboxApp(exchange=Exchange(pacing=Pacing(factor=0)))


async def made(base_url: str = "", **more: Any) -> LanguageModel:
    values = {"kind": "openai_compatible", "auth": "api_key", "api_key": secrets.seal(KEY), "wire": Wire.OPENAI_CHAT}
    return await in_thread(make_model)(base_url=base_url, model_id="sandbox-gpt", **(values | more))


async def tried(model: LanguageModel, *, user_id: str = "", call_seconds: float = 10) -> list[Step]:
    steps = await try_connection(model=model, user_id=user_id, call_seconds=call_seconds, connect_seconds=5)
    assert KEY not in repr(steps)
    assert "sealed:" not in repr(steps)
    return steps


def outcomes(steps: list[Step]) -> dict[str, str]:
    return {step.name: step.outcome for step in steps}


def failed_at(name: str) -> dict[str, str]:
    names = ["Address", "Key", "Connection", "Answer"]
    return {**dict.fromkeys(names[: names.index(name)], "ok"), name: "failed"}


class TestThatWorks:
    async def test_in_this_process(self) -> None:
        user = await in_thread(User.objects.create_user)(username="admin")
        for wire, model_id in ((Wire.ANTHROPIC_MESSAGES, "sandbox-claude"), (Wire.OPENAI_CHAT, "sandbox-gpt")):
            model = await in_thread(make_model)(slug=wire, wire=wire, model_id=model_id)
            steps = await tried(model, user_id=str(user.pk))
            assert set(outcomes(steps).values()) == {"ok"}
            assert f"{model_id} answered “ok”" in steps[-1].said
            assert "tokens in" in steps[-1].said
            call = await in_thread(ModelCall.objects.get)(model=model)
            assert (call.purpose, call.status, call.user_id) == (PURPOSE, "completed", user.pk)

    @pytest.mark.parametrize(
        ("kind", "wire", "path", "model_id"),
        [
            ("openai_compatible", Wire.OPENAI_CHAT, "/v1", "sandbox-gpt"),
            ("anthropic", Wire.ANTHROPIC_MESSAGES, "", "sandbox-claude"),
        ],
    )
    async def test_over_http(self, kind: str, wire: str, path: str, model_id: str) -> None:
        async with serving(quick()) as url:
            model = await in_thread(make_model)(
                kind=kind,
                wire=wire,
                model_id=model_id,
                base_url=url + path,
                auth="api_key",
                api_key=secrets.seal(KEY),
            )
            steps = await tried(model)
        assert set(outcomes(steps).values()) == {"ok"}
        said = {step.name: step.said for step in steps}
        assert said["Address"] == f"Calls go to {url}{path}."
        assert said["Key"] == "The API key is there: set, ends in …f3."
        assert "without encryption" in said["Connection"]
        assert "answered “ok”" in said["Answer"]

    async def test_what_is_switched_off_is_tried_and_stays_off(self) -> None:
        model = await in_thread(make_model)(wire=Wire.OPENAI_CHAT, model_id="sandbox-gpt", enabled=False)
        model.enabled = False
        steps = await tried(model)
        assert steps[-1].outcome == "ok"
        assert (model.enabled, model.provider.enabled) == (False, False)


class TestWithOAuth2:
    @pytest.fixture(autouse=True)
    def _secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GATE_SECRET", CLIENT_SECRET)

    async def test_every_step_is_told(self) -> None:
        async with gateway(oauth2=True) as gate:
            steps = await tried(await made(f"{gate.url}/v1", auth="oauth2", oauth2=gate.oauth2()))
            said = {step.name: step.said for step in steps}
            assert said["Address"] == f"Calls go to {gate.url}/v1, and tokens come from {gate.url}/oauth2/token."
            assert said["Key"] == "The client secret of tokenproject is there: env:GATE_SECRET (set)."
            assert said["Token"] == "The identity provider gave a token. It is valid for 3,600 seconds."
            assert "answered “ok”" in said["Answer"]
            assert list(said) == ["Address", "Key", "Token", "Connection", "Answer"]

    async def test_a_token_is_got_anew_each_time(self) -> None:
        async with gateway(oauth2=True) as gate:
            assert gate.office is not None
            model = await made(f"{gate.url}/v1", auth="oauth2", oauth2=gate.oauth2())
            gate.office.expires_in = None
            for count in (1, 2):
                steps = await tried(model)
                assert steps[2].said.endswith("How long it is valid was not told.")
                assert gate.office.asked == count

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"client_id": "another"}, "it does not know the client id, or refuses its secret (invalid_client)"),
            ({"scope": "all"}, "it does not grant the scope (invalid_scope)"),
            ({"client_auth": "body", "audience": "x"}, "it does not know the audience (invalid_target)"),
        ],
    )
    async def test_what_the_identity_provider_refuses_is_told(self, change: dict[str, str], said: str) -> None:
        async with gateway(oauth2=True) as gate:
            steps = await tried(await made(f"{gate.url}/v1", auth="oauth2", oauth2=gate.oauth2(**change)))
        assert (steps[-1].name, steps[-1].outcome) == ("Token", "failed")
        assert steps[-1].said == f"The identity provider gave no token: {said}."
        assert steps[-1].detail.startswith("HTTP 40")

    async def test_a_secret_that_is_not_there_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GATE_SECRET")
        oauth2 = Gateway(url="https://idp.example.com").oauth2()
        steps = await tried(await made("https://gate.example.com/v1", auth="oauth2", oauth2=oauth2))
        assert (steps[-1].name, steps[-1].outcome) == ("Key", "failed")
        assert steps[-1].said == "There is no client secret that could be sent: env:GATE_SECRET (not set)."

    async def test_a_private_token_url_is_told(self) -> None:
        oauth2 = Gateway(url="https://10.0.0.1").oauth2()
        steps = await tried(await made("https://gate.example.com/v1", auth="oauth2", oauth2=oauth2))
        assert outcomes(steps) == failed_at("Address")
        assert steps[-1].said.startswith("The token URL names a private host")

    async def test_a_gateway_that_refuses_the_token_is_told(self) -> None:
        async with gateway(oauth2=True) as gate:
            assert gate.office is not None
            gate.office.lifetime, gate.office.expires_in = 0.0, 60
            steps = await tried(await made(f"{gate.url}/v1", auth="oauth2", oauth2=gate.oauth2()))
        assert (steps[-1].name, steps[-1].outcome) == ("Answer", "failed")
        assert "refused the credentials" in steps[-1].said

    async def test_an_identity_provider_that_says_nothing_is_given_up(self) -> None:
        async with listening(None) as port:
            oauth2 = Gateway(url=f"http://127.0.0.1:{port}").oauth2()
            model = await made(f"http://127.0.0.1:{port}/v1", auth="oauth2", oauth2=oauth2)
            steps = await tried(model, call_seconds=0.3)
        assert (steps[-1].name, steps[-1].outcome) == ("Token", "failed")
        assert "no token within 0.3 seconds" in steps[-1].said


class TestThatFails:
    async def test_at_a_private_address(self, settings: Settings) -> None:
        settings.EGRESS_ALLOW_PRIVATE = []
        steps = await tried(await made("http://169.254.169.254/v1"))
        assert outcomes(steps) == failed_at("Address")
        assert "never called" in steps[-1].said
        steps = await tried(await made("http://10.0.0.9/v1", slug="other"))
        assert outcomes(steps) == failed_at("Address")
        assert "EGRESS_ALLOW_PRIVATE" in steps[-1].said

    @pytest.mark.parametrize(
        ("credentials", "said"),
        [
            ({"api_key": ""}, "not set"),
            ({"api_key": "env:NOT_THERE_AT_ALL"}, "env:NOT_THERE_AT_ALL (not set)"),
            ({"api_key": "sealed:nonsense"}, "re-enter the key"),
            ({"auth": "oauth2"}, "not filled in"),
        ],
    )
    async def test_without_a_key(self, credentials: dict[str, str], said: str) -> None:
        steps = await tried(await made("https://gate.example.com/v1", **credentials))
        assert outcomes(steps) == failed_at("Key")
        assert said in steps[-1].said

    async def test_where_nothing_listens(self) -> None:
        steps = await tried(await made(f"http://127.0.0.1:{free_port()}/v1"))
        assert outcomes(steps) == failed_at("Connection")
        assert "refuses connections" in steps[-1].said

    async def test_where_the_key_is_refused_even_if_the_answer_repeats_it(self) -> None:
        body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}})
        async with listening(http("401 Unauthorized", body)) as port:
            steps = await tried(await made(f"http://127.0.0.1:{port}/v1"))
        assert outcomes(steps) == failed_at("Answer")
        assert "refused the credentials" in steps[-1].said
        assert "401" in steps[-1].detail

    async def test_where_the_model_is_not_known(self) -> None:
        async with serving(quick()) as url:
            model = await made(f"{url}/v1")
            model.model_id = "nonsense"
            steps = await tried(model)
        assert outcomes(steps) == failed_at("Answer")
        assert "does not know it" in steps[-1].said

    async def test_where_a_web_page_answers(self) -> None:
        async with listening(http("200 OK", "<h1>Welcome</h1>", kind="text/html")) as port:
            steps = await tried(await made(f"http://127.0.0.1:{port}/v1"))
        assert outcomes(steps) == failed_at("Answer")
        assert "not in the words of this protocol" in steps[-1].said

    async def test_where_nobody_answers_in_time(self) -> None:
        async with listening(None) as port:
            model = await made(f"http://127.0.0.1:{port}/v1")
            steps = await tried(model, call_seconds=0.5)
        assert outcomes(steps) == failed_at("Answer")
        assert "No whole answer came within 0.5 seconds" in steps[-1].said
        call = await in_thread(ModelCall.objects.get)(model=model)
        assert call.status == "cancelled"


async def test_a_full_pool_does_not_hold_it_back() -> None:
    """It tells how things are, also then."""
    model = await in_thread(make_model)(wire=Wire.OPENAI_CHAT, model_id="sandbox-gpt")
    pool = pool_of(model)
    await registry.governor().store.change(pool, lambda core, now: core.close(now, reason="spent", until=None))
    steps = await tried(model, call_seconds=30.0)
    assert set(outcomes(steps).values()) == {"ok"}
