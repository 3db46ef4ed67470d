from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from agents.llm.providers.token_request import ASSUMED_LIFETIME, ClientCredentials, NoToken
from agents.llm.providers.token_store import PAUSES, TokenStore
from agents.sandbox.app import SandboxApp
from agents.sandbox.oauth2 import TOKEN_PATH, TokenOffice
from tests.agents.llm.providers.identity_provider import IdentityProvider, identity_provider, plain_client
from tests.agents.sandbox.stage import serving, until

GOOD = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def store(clock: Clock, pauses: list[float]) -> TokenStore:
    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    return TokenStore(clock=clock, sleep=sleep)


@pytest.fixture
async def idp() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as place:
        yield place


def numbered(idp: IdentityProvider, *, count: int = 9, **more: Any) -> None:
    for number in range(1, count + 1):
        idp.say({**GOOD, "access_token": f"t{number}", **more})


async def value(store: TokenStore, idp: IdentityProvider, *, stale: str = "", **credentials: Any) -> str:
    return (await store.token(idp.credentials(**credentials), client=plain_client, stale=stale)).value


class TestTheCache:
    @pytest.mark.parametrize(
        ("expires_in", "kept"),
        [(3600, 3540.0), (121, 61.0), (120, 60.0), (60, 30.0), (30, 15.0), (2, 1.0), (0.01, 1.0)],
    )
    async def test_keeps_a_token_until_shortly_before_its_end(
        self, store: TokenStore, idp: IdentityProvider, clock: Clock, expires_in: float, kept: float
    ) -> None:
        numbered(idp, expires_in=expires_in)
        assert await value(store, idp) == "t1"
        clock.now += kept - 0.001
        assert await value(store, idp) == "t1"
        clock.now += 0.001
        assert await value(store, idp) == "t2"

    @pytest.mark.parametrize("said", [None, 0, -1, "soon"])
    async def test_makes_no_loop_of_a_lifetime_that_is_not_told(
        self, store: TokenStore, idp: IdentityProvider, clock: Clock, said: Any
    ) -> None:
        numbered(idp, expires_in=said)
        for _ in range(20):
            assert await value(store, idp) == "t1"
        clock.now += ASSUMED_LIFETIME
        assert await value(store, idp) == "t2"
        assert len(idp.asked) == 2

    async def test_is_told_apart_by_what_the_token_is_for_and_who_asks(
        self, store: TokenStore, idp: IdentityProvider
    ) -> None:
        numbered(idp)
        kinds: list[dict[str, str]] = [
            {},
            {"scope": "a"},
            {"audience": "a"},
            {"client_id": "b"},
            {"client_secret": "new"},
        ]
        first = [await value(store, idp, **kind) for kind in kinds]
        assert first == ["t1", "t2", "t3", "t4", "t5"]
        assert [await value(store, idp, **kind) for kind in kinds] == first

    async def test_drops_a_token_that_a_gateway_refused_and_no_other(
        self, store: TokenStore, idp: IdentityProvider
    ) -> None:
        numbered(idp)
        assert await value(store, idp) == "t1"
        assert await value(store, idp, stale="t0") == "t1"
        assert await value(store, idp, stale="t1") == "t2"
        assert await value(store, idp, stale="t1") == "t2"
        assert len(idp.asked) == 2

    async def test_keeps_nothing_of_a_refusal(self, store: TokenStore, idp: IdentityProvider) -> None:
        idp.say({"error": "invalid_client"}, status="401 X")
        idp.say(GOOD)
        with pytest.raises(NoToken):
            await value(store, idp)
        assert store.kept(idp.credentials()) == ""
        assert await value(store, idp) == "t"
        assert store.kept(idp.credentials()) == "t"

    async def test_renewed_gets_one_now(self, store: TokenStore, idp: IdentityProvider) -> None:
        numbered(idp)
        await value(store, idp)
        assert (await store.renewed(idp.credentials(), client=plain_client)).value == "t2"
        assert await value(store, idp) == "t2"

    async def test_forgets_what_has_ended(self, store: TokenStore, idp: IdentityProvider, clock: Clock) -> None:
        numbered(idp, expires_in=30)
        await value(store, idp, scope="a")
        clock.now += 60
        await value(store, idp, scope="b")
        assert store.kept(idp.credentials(scope="a")) == ""


class TestTrying:
    async def test_again_after_a_pause_where_the_server_is_overloaded(
        self, store: TokenStore, idp: IdentityProvider, pauses: list[float]
    ) -> None:
        idp.say(b"", status="503 X")
        idp.say(b"", status="500 X")
        idp.say(GOOD)
        assert await value(store, idp) == "t"
        assert pauses == list(PAUSES)

    async def test_three_times_at_most(self, store: TokenStore, idp: IdentityProvider) -> None:
        idp.say(b"", status="503 X")
        with pytest.raises(NoToken, match="overloaded") as caught:
            await value(store, idp)
        assert caught.value.retryable
        assert len(idp.asked) == 3

    async def test_once_where_the_credentials_are_wrong(
        self, store: TokenStore, idp: IdentityProvider, pauses: list[float]
    ) -> None:
        idp.say({"error": "invalid_client"}, status="401 X")
        with pytest.raises(NoToken):
            await value(store, idp)
        assert (len(idp.asked), pauses) == (1, [])


class TestOneFlight:
    async def test_for_all_tasks(self, store: TokenStore, idp: IdentityProvider) -> None:
        numbered(idp)
        assert set(await asyncio.gather(*(value(store, idp) for _ in range(50)))) == {"t1"}
        assert len(idp.asked) == 1

    async def test_for_all_tasks_whose_token_was_refused(self, store: TokenStore, idp: IdentityProvider) -> None:
        numbered(idp)
        await value(store, idp)
        assert set(await asyncio.gather(*(value(store, idp, stale="t1") for _ in range(50)))) == {"t2"}
        assert len(idp.asked) == 2

    async def test_for_all_threads_and_their_loops(self, store: TokenStore) -> None:
        office = TokenOffice(client_id="c", client_secret="s")
        async with serving(SandboxApp(oauth2=office)) as url:
            credentials = ClientCredentials(token_url=url + TOKEN_PATH, client_id="c", client_secret="s")
            together = threading.Barrier(8)

            def one_thread() -> set[str]:
                async def many() -> set[str]:
                    tokens = await asyncio.gather(
                        *(store.token(credentials, client=plain_client) for _ in range(10)), return_exceptions=False
                    )
                    return {token.value for token in tokens}

                together.wait(10)
                return asyncio.run(many())

            with ThreadPoolExecutor(8) as threads:
                futures = [threads.submit(one_thread) for _ in range(8)]
                seen = await asyncio.gather(*map(asyncio.wrap_future, futures))
        assert len(set[str]().union(*seen)) == 1
        assert office.asked == 1

    async def test_whose_first_waiter_is_stopped_goes_on_for_the_others(
        self, store: TokenStore, idp: IdentityProvider
    ) -> None:
        idp.silent = True
        first = asyncio.ensure_future(value(store, idp))
        await until(lambda: len(idp.asked) == 1)
        second = asyncio.ensure_future(value(store, idp))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert not second.done()
        second.cancel()

    async def test_that_is_stopped_by_all_still_fills_the_cache(self, store: TokenStore, idp: IdentityProvider) -> None:
        numbered(idp)
        only = asyncio.ensure_future(value(store, idp))
        await asyncio.sleep(0)
        only.cancel()
        await until(lambda: store.kept(idp.credentials()) == "t1")
        assert len(idp.asked) == 1

    async def test_that_fails_fails_for_each_with_an_error_of_its_own(
        self, store: TokenStore, idp: IdentityProvider
    ) -> None:
        idp.say({"error": "invalid_scope"}, status="400 X")
        failures = await asyncio.gather(*(value(store, idp) for _ in range(5)), return_exceptions=True)
        assert {str(failure) for failure in failures} == {"it does not grant the scope (invalid_scope)"}
        assert len({id(failure) for failure in failures}) == 5
        assert len(idp.asked) == 1

    async def test_whose_loop_ends_is_begun_anew_in_another(self, store: TokenStore, idp: IdentityProvider) -> None:
        """Thread one starts a flight that hangs, and its loop ends; thread two, which waits for it, gets a token."""
        idp.silent = True
        stop = threading.Event()

        def leaves_early() -> None:
            async def go() -> None:
                asyncio.get_running_loop().create_task(value(store, idp))
                await asyncio.to_thread(stop.wait, 10)

            asyncio.run(go())

        leaving = asyncio.create_task(asyncio.to_thread(leaves_early))
        await until(lambda: len(idp.asked) == 1)
        waiting = asyncio.ensure_future(value(store, idp))
        await asyncio.sleep(0)
        numbered(idp)
        idp.silent = False
        stop.set()
        await leaving
        assert await waiting == "t1"

    async def test_whose_loop_stands_still_is_given_up(self, idp: IdentityProvider) -> None:
        store = TokenStore(longest_wait=1.0)
        idp.silent = True
        with pytest.raises(NoToken, match="no token came within"):
            await value(store, idp)
        numbered(idp)
        idp.silent = False
        assert await value(store, idp) == "t1"


async def test_what_breaks_in_our_own_code_is_told_without_the_secret(
    store: TokenStore, idp: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise RuntimeError(f"canary {idp.credentials().client_secret}")

    client: Callable[[], Any] = broken
    with pytest.raises(NoToken, match="on our side"):
        await store.token(idp.credentials(), client=client)
    assert "canary" not in caplog.text
    assert "RuntimeError" in caplog.text


async def test_no_lock_is_held_while_a_token_is_on_its_way(store: TokenStore, idp: IdentityProvider) -> None:
    idp.silent = True
    waiting = asyncio.ensure_future(value(store, idp))
    await until(lambda: len(idp.asked) == 1)
    assert store.kept(idp.credentials()) == ""
    assert not store._lock.locked()
    waiting.cancel()
