"""A server that is killed, one that is told to go, and what a user finds afterwards."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.chat.installation import SERVE, SERVE_WITH_WORKSHOP, Installation, Server
from tests.chat.tab import Tab, is_gapless, opened

STREAMING, WITH_TOOL = 4, 2


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation.found(tmp_path_factory.mktemp("installation") / "var")


@pytest.fixture
def installation(founded: Installation, tmp_path: Path) -> Installation:
    return founded.copy_to(tmp_path / "var")


async def begin(tab: Tab, installation: Installation) -> tuple[list[str], str]:
    """Some turns in the middle of a text, some in the middle of their tools, and one that waits behind another."""
    streaming = [
        (await tab.send(conversation, "slow long 3000", key=conversation))["turn"]
        for conversation in installation.conversations[:STREAMING]
    ]
    working = [
        (await tab.send(conversation, "parallel 2", key=conversation))["turn"]
        for conversation in installation.conversations[-WITH_TOOL:]
    ]
    queued = (await tab.send(installation.conversations[0], "echo it runs after all", key="queued"))["turn"]
    for turn in streaming:
        await tab.seen(turn, "delta", times=3)
    for turn in working:
        await tab.seen(turn, "tool.result")
    return [*streaming, *working], queued


async def watch_all(tab: Tab, installation: Installation, cursors: dict[str, int]) -> None:
    for conversation in installation.conversations:
        await tab.ok("subscribe", conversation=conversation, cursors=cursors)


async def check_after(server: Server, installation: Installation, before: Tab, turns: list[str], queued: str) -> None:
    """On a new server: everything lost is told as lost, with the very text that was seen, and the rest goes on."""
    cursors = {turn: before.of_turn(turn)[-1]["seq"] for turn in turns}
    async with opened(server, installation) as tab:
        # Ended before the first socket was answered.
        assert {installation.status(turn) for turn in turns} == {"interrupted"}
        await watch_all(tab, installation, cursors)
        for turn in turns:
            ended = await tab.ended(turn)
            assert (ended["status"], ended["reason"]) == ("interrupted", "worker_lost")
            assert is_gapless(before.of_turn(turn) + tab.of_turn(turn))
            text = before.text_of(turn) + tab.text_of(turn)
            assert text == installation.logged_text(turn) == installation.stored_text(turn) != ""
        assert (await tab.ended(queued))["status"] == "completed"
        assert tab.text_of(queued) == "it runs after all"


async def test_killed_in_the_middle_everything_seen_is_kept_and_what_waited_runs(installation: Installation) -> None:
    async with AsyncExitStack() as stack:
        with installation.running(*SERVE_WITH_WORKSHOP) as server:
            before = await stack.enter_async_context(opened(server, installation))
            await watch_all(before, installation, {})
            turns, queued = await begin(before, installation)
            server.kill()
            await before.until_closed()
        assert {installation.status(turn) for turn in turns} == {"running"}
        assert installation.status(queued) == "queued"
        calls = installation.query("SELECT count(*) FROM agents_modelcall WHERE status = 'running'")
        assert calls[0][0] >= STREAMING
        with installation.running(*SERVE) as server:
            await check_after(server, installation, before, turns, queued)
    assert installation.query("SELECT count(*) FROM agents_modelcall WHERE status = 'running'") == [(0,)]


async def test_told_to_go_it_writes_everything_down_and_says_goodbye(installation: Installation) -> None:
    async with AsyncExitStack() as stack:
        with installation.running(*SERVE_WITH_WORKSHOP) as server:
            before = await stack.enter_async_context(opened(server, installation))
            await watch_all(before, installation, {})
            turns, queued = await begin(before, installation)
            await asyncio.to_thread(server.terminate)
            assert await before.until_closed() == 1012
            log = server.log.read_text()
        assert "Traceback" not in log, log
        for turn in turns:
            assert installation.status(turn) == "interrupted"
            assert installation.logged_text(turn) == installation.stored_text(turn)
            assert installation.logged_text(turn).startswith(before.text_of(turn))
        assert installation.status(queued) == "queued"
        assert installation.query("SELECT count(*) FROM agents_modelcall WHERE status = 'running'") == [(0,)]
