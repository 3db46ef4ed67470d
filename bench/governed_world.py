"""The accounts that the governor's bench is about: providers, pools and models as an admin would have entered them."""

from __future__ import annotations

import base64
import os
import uuid

import httpx2

from agents.llm.model_families import capabilities_of
from agents.model_counter import counter_of
from agents.models import AgentConfig, LanguageModel, Provider, RatePool, Wire
from agents.setting_ranges import MAX_OUTPUT_TOKENS
from agents.settings_resolution import effective
from bench import playing_sandbox, researcher
from bench.playing_sandbox import CLAUDE, CLIENT_ID, CLIENT_SECRET, GPT
from bench.workload import Lane
from settings_ui.recommendations import recommended

_SECRET_VARIABLE = "BENCH_CLIENT_SECRET"


def make_model(port: int, *, wire: Wire, guarded: bool = False) -> LanguageModel:
    """In a pool with the sandbox's limits, behind a key of its own. `guarded`: behind an OAuth2 gateway."""
    name = uuid.uuid4().hex
    is_claude = wire == Wire.ANTHROPIC_MESSAGES
    os.environ |= {f"KEY_{name}": name, _SECRET_VARIABLE: CLIENT_SECRET}
    kind = Provider.Kind.ANTHROPIC if is_claude else Provider.Kind.OPENAI
    provider = Provider.objects.create(
        slug=name,
        name=name,
        kind=Provider.Kind.OPENAI_COMPATIBLE if guarded else kind,
        auth=Provider.Auth.OAUTH2 if guarded else Provider.Auth.API_KEY,
        base_url=f"http://127.0.0.1:{port}" + ("" if is_claude else "/v1"),
        api_key="" if guarded else f"env:KEY_{name}",
        oauth2=_oauth2(port) if guarded else {},
    )
    counted = (
        {"input_tokens_per_minute": playing_sandbox.INPUT, "output_tokens_per_minute": playing_sandbox.OUTPUT}
        if is_claude
        else {"tokens_per_minute": playing_sandbox.TOGETHER}
    )
    pool = RatePool.objects.create(
        provider=provider, name="small", requests_per_minute=playing_sandbox.REQUESTS, **counted
    )
    model_id = CLAUDE if is_claude else GPT
    able = capabilities_of(wire, model_id)
    return LanguageModel.objects.create(
        provider=provider,
        model_id=model_id,
        name=model_id,
        wire=wire,
        pool=pool,
        context_window=able.context_window or 0,
        max_output_tokens=able.max_output_tokens or 0,
    )


def take_recommended_limit(model: LanguageModel) -> int:
    """Set the roomiest token limit that the settings tab recommends for the model, for everyone; it."""
    setting = effective(user=None, model=model).settings[MAX_OUTPUT_TOKENS.name]
    offered = recommended(setting, bounds=MAX_OUTPUT_TOKENS, model=model)
    limit = max(int(one.value) for one in offered)
    AgentConfig.objects.create(model=model, max_output_tokens=limit)
    return limit


def key_of(model: LanguageModel, port: int) -> str:
    """What opens the account that the model is called with."""
    if model.provider.auth == Provider.Auth.API_KEY:
        return model.provider.slug
    return _token(port)


def set_to_work(model: LanguageModel, lanes: list[Lane]) -> None:
    """The researcher joins the roster, and finds what these lanes look for."""
    from agents import roster

    turns = {turn.name: turn for lane in lanes for turn in lane}
    others = [agent for agent in roster.ROSTER if agent.slug != researcher.SLUG]
    roster.ROSTER = (*others, researcher.researcher(turns, counter=counter_of(model)))


def _oauth2(port: int) -> dict[str, str]:
    return {
        "token_url": f"http://127.0.0.1:{port}/oauth2/token",
        "client_id": CLIENT_ID,
        "client_secret": f"env:{_SECRET_VARIABLE}",
        "scope": "",
        "audience": "",
        "client_auth": "basic",
    }


def _token(port: int) -> str:
    pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    with httpx2.Client(trust_env=False, headers={"authorization": f"Basic {pair}"}) as http:
        answer = http.post(f"http://127.0.0.1:{port}/oauth2/token", data={"grant_type": "client_credentials"})
        return str(answer.json()["access_token"])
