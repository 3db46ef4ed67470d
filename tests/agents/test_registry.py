from __future__ import annotations

import asyncio

import pytest
from pytest_django import Settings

from agents import registry
from agents.governed import GovernedModel
from agents.learning import LearningModel
from agents.llm.errors import ConfigInvalid
from agents.models import LanguageModel, Provider, Wire
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from tests.agents.rows import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick_sandbox() -> None:
    registry.use_sandbox(SandboxApp(exchange=Exchange(pacing=Pacing(factor=0))))


def keyed(**more: str) -> LanguageModel:
    wire = Wire.OPENAI_CHAT if more.get("kind", "openai") != "anthropic" else Wire.ANTHROPIC_MESSAGES
    values = {"kind": "openai", "auth": Provider.Auth.API_KEY, "api_key": "env:A_TEST_KEY", "wire": wire} | more
    return make_model(**values)


def governed(model: LearningModel) -> GovernedModel:
    inner = model._inner
    assert isinstance(inner, GovernedModel)
    return inner


def built(*models: LanguageModel) -> list[GovernedModel]:
    async def build() -> list[GovernedModel]:
        return [governed(await registry.build_model(model=model, user_id="")) for model in models]

    return asyncio.run(build())


def test_every_model_that_is_handed_out_is_governed() -> None:
    for wire in Wire.values:
        [model] = built(make_model(slug=wire.replace("_", "-"), wire=wire))
        assert isinstance(model, GovernedModel)


def test_models_of_one_connection_share_their_adapter_and_others_do_not() -> None:
    one, two = make_model(model_id="one"), make_model(model_id="two")
    other = make_model(model_id="one", slug="other", wire=Wire.OPENAI_CHAT)
    first, second, third = built(one, two, other)
    assert first._inner is second._inner
    assert third._inner is not first._inner


def test_a_changed_key_is_a_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    model = keyed()

    async def build() -> tuple[object, object, object]:
        adapters = []
        for key in ("one", "one", "two"):
            monkeypatch.setenv("A_TEST_KEY", key)
            adapters.append(governed(await registry.build_model(model=model, user_id=""))._inner)
        return adapters[0], adapters[1], adapters[2]

    first, same, changed = asyncio.run(build())
    assert first is same
    assert first is not changed


def test_another_event_loop_gets_adapters_of_its_own() -> None:
    model = make_model()
    assert built(model)[0]._inner is not built(model)[0]._inner


@pytest.mark.parametrize("kind", ["anthropic", "openai", "openai_compatible"])
def test_a_provider_without_its_key_is_refused_with_what_to_do(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_TEST_KEY", raising=False)
    model = keyed(kind=kind)
    with pytest.raises(ConfigInvalid, match=r"has no key.*ask an admin"):
        registry.check_callable(model)
    with pytest.raises(ConfigInvalid):
        built(model)


def test_a_key_that_the_settings_read_is_found(settings: Settings) -> None:
    model = keyed(api_key="env:ANTHROPIC_API_KEY", kind="anthropic")
    settings.ANTHROPIC_API_KEY = ""
    with pytest.raises(ConfigInvalid):
        registry.check_callable(model)
    settings.ANTHROPIC_API_KEY = "sk-something"
    registry.check_callable(model)


def test_what_is_switched_off_is_refused() -> None:
    model = make_model()
    registry.check_callable(model)
    model.enabled = False
    with pytest.raises(ConfigInvalid, match="switched off"):
        registry.check_callable(model)
    model.enabled, model.provider.enabled = True, False
    with pytest.raises(ConfigInvalid, match="switched off"):
        registry.check_callable(model)


def test_the_sandbox_can_be_another_one() -> None:
    assert registry.sandbox() is registry.sandbox()
    replaced = SandboxApp()
    registry.use_sandbox(replaced)
    assert registry.sandbox() is replaced
