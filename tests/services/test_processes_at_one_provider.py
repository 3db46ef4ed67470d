"""Processes that call one account over HTTP: together they never take more than the provider has to give."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from agents.governor.core import LEASE_SECONDS
from agents.governor.postgres import PostgresStore
from agents.models import LanguageModel, ModelCall, Provider, RatePool
from agents.pool_limits import pool_of
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.rates.enforced import EnforcedLimits
from agents.sandbox.rates.pool import AnthropicPool
from tests.agents.governor.store_suite import Clock, asking, seen
from tests.agents.rows import make_model
from tests.agents.sandbox.stage import serving
from tests.chat.stage import Person, new_person, rows
from tests.services.calling_process import CALLS
from tests.services.test_governor_on_postgresql import ROOT, database_time, database_url

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_postgres, pytest.mark.usefixtures("threads")]

PROCESSES = 4
PATIENCE = 300.0  # seconds: four processes start at once, on a machine that may be busy
KEY = "sk-of-all-processes"
PER_MINUTE = 300_000
"""All calls together take about half as much again."""
LIMITS = (AnthropicPool(name="small", models=("sandbox-claude",), input_tokens=PER_MINUTE),)


async def test_four_processes_take_what_there_is_and_one_is_killed() -> None:
    async with serving(SandboxApp(exchange=Exchange(limits=EnforcedLimits(LIMITS)))) as url:
        model = await rows(offered, url)
        people = [await new_person() for _ in range(PROCESSES)]
        with ExitStack() as stack:
            running = [stack.enter_context(calling(model, person)) for person in people]
            said_first = running[0].stdout
            assert said_first is not None, "it is a pipe"
            async with asyncio.timeout(PATIENCE):
                for _ in range(5):
                    assert await asyncio.to_thread(said_first.readline) == "answered\n"
            running[0].kill()
            said = await asyncio.gather(*(asyncio.to_thread(process.communicate) for process in running))
        judged = await report(url)
    answered = [out.split().count("answered") for out, _ in said]
    assert [process.returncode for process in running] == [-9, 0, 0, 0]
    assert answered[1:] == [CALLS] * (PROCESSES - 1)
    assert judged["rate_limited"] == 0, judged
    assert judged["admitted"] >= (PROCESSES - 1) * CALLS + 5
    assert await rows(ModelCall.objects.filter(model=model, waited_ms__gt=0).exists), "it was more than there is"
    await nothing_is_held_after_its_lease(model)


async def nothing_is_held_after_its_lease(model: LanguageModel) -> None:
    clock = Clock(now=await rows(database_time) + LEASE_SECONDS + 1)
    store = PostgresStore(clock=clock)
    try:
        await store.change(pool_of(model), asking("mine", tokens=10))
        state = await seen(store, pool_of(model))
    finally:
        await asyncio.to_thread(store.close)
    assert set(state.held) == {"mine"}
    assert not state.waiting


def offered(url: str) -> LanguageModel:
    model = make_model(
        kind=Provider.Kind.ANTHROPIC,
        auth=Provider.Auth.API_KEY,
        slug=f"shared-{uuid4().hex}",
        base_url=url,
        api_key="env:SHARED_KEY",
    )
    model.pool = RatePool.objects.create(provider=model.provider, name="small", input_tokens_per_minute=PER_MINUTE)
    model.save()
    return model


@contextmanager
def calling(model: LanguageModel, person: Person) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.calling_process", str(model.pk), str(person.user.pk)],
        cwd=ROOT,
        env=os.environ
        | {
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "tokenproject.settings",
            "EGRESS_ALLOW_PRIVATE": "127.0.0.0/8",
            "SHARED_KEY": KEY,
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


async def report(url: str) -> dict[str, Any]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        told = await http.get(f"{url}/sandbox/account", headers={"Authorization": f"Bearer {KEY}"})
    pool: dict[str, Any] = told.json()["pools"][0]
    return pool
