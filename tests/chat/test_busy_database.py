"""A database that somebody else holds locked for a while: who waits, who is told, and that nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta

import httpx2
import pytest
from django.db import connection, connections
from django.db.models.functions import Now

from accounts.models import User
from chat import event_log
from chat.models import Message, Turn, TurnEvent
from tests.chat.made import queued
from tests.chat.shop import open_shop, until_all
from tests.chat.stage import Person, Stage, eventually, rows
from tests.chat.tab import is_gapless, opened
from tests.chat.trees import check_log, texts

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="locks the file of SQLite"),
]


@pytest.fixture(scope="module", autouse=True)
def impatient() -> Iterator[None]:
    """Connections that wait for a lock only a moment; in earnest it is seconds."""
    options = connections.settings["default"]["OPTIONS"]
    before = options["timeout"]
    options["timeout"] = 0.05
    yield
    options["timeout"] = before


@asynccontextmanager
async def locked() -> AsyncIterator[None]:
    """Nobody else may write."""
    name = str(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(name, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_a_stream_goes_on_where_it_was(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await tab.send(conversation.pk, "slow long 60", key="1")
        await tab.seen(ack["turn"], "delta", times=2)
        async with locked():
            written = await rows(TurnEvent.objects.filter(turn_id=ack["turn"]).count)
            await tab.until(lambda: len(tab.of_turn(ack["turn"])) >= written, what="all that is written")
            await asyncio.sleep(0.4)
            assert len(tab.of_turn(ack["turn"])) == written  # What is not written is not told.
        assert (await tab.ended(ack["turn"]))["status"] == "completed"
    assert is_gapless(tab.of_turn(ack["turn"]))
    answer = await rows(list, Message.objects.filter(turn_id=ack["turn"], role="assistant"))
    assert await rows(texts, answer) == tab.text_of(ack["turn"])


async def test_a_message_is_refused_rather_than_lost_and_can_be_sent_again(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    sent = {"conversation": str(conversation.pk), "client_message_id": "k", "text": "echo x"}
    path = f"http://{stage.address}/api/v1/conversations/{conversation.pk}/messages"
    headers = {"Authorization": f"Bearer {ann.token}"}
    async with opened(stage, ann) as tab, httpx2.AsyncClient(headers=headers, trust_env=False) as api:
        async with locked():
            busy = await tab.ask("send", **sent)
            assert (busy["code"], busy["retryable"]) == ("server_busy", True)
            answer = await api.post(path, json={"client_message_id": "k", "text": "echo x"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "server_busy")
            assert (await tab.ok("ping"))["type"] == "pong"
        ack = await tab.ok("send", **sent)
        assert ack["duplicate"] is False
        await until_all([(await rows(Turn.objects.get, pk=ack["turn"])).pk], "completed")


async def test_a_turn_that_could_not_be_written_ends_as_interrupted_with_what_is_in_its_log(
    user: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(event_log, "RETRY_PAUSES", (0.05,))
    turn = (await rows(queued, user, "slow long 3000")).turn
    async with open_shop() as shop:
        await eventually(lambda: turn.pk in shop.worker._runs and shop.worker._runs[turn.pk].lease.seq > 4)
        async with locked():
            await eventually(lambda: turn.pk not in shop.worker._runs)
        other = (await rows(queued, user, "echo the worker is well")).turn
        assert await until_all([other.pk], *Turn.ENDED) == ["completed"]
        assert (await rows(Turn.objects.get, pk=turn.pk)).status == "running"
        await rows(Turn.objects.filter(pk=turn.pk).update, lease_until=Now() - timedelta(seconds=1))
        assert await until_all([turn.pk], *Turn.ENDED) == ["interrupted"]
    await rows(check_log, await rows(Turn.objects.get, pk=turn.pk))
    assert "could not write the events" in caplog.text
