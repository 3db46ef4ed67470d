"""Who gets a socket, and who keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from django.contrib.auth import logout
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from pytest_django import Settings
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from accounts.models import ApiToken, User
from accounts.tokens import issue, revoke
from chat.models import Turn
from tests.chat.stage import Person, Stage, new_person, rows, session_of
from tests.chat.tab import Tab, connected, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

Headers = dict[str, str]


@pytest_asyncio.fixture(loop_scope="module")
async def cookie(ann: Person) -> str:
    return await rows(session_of, ann.user)


async def status_of_refusal(stage: Stage, headers: Headers, **more: Any) -> int:
    """The HTTP status of a handshake that fails."""
    with pytest.raises(InvalidStatus) as refused:
        async with connected(stage, headers=headers, **more):
            pass
    return int(refused.value.response.status_code)


async def close_code(stage: Stage, headers: Headers, **more: Any) -> int | None:
    """The code that a socket is closed with right after it was accepted; no frame comes before."""
    async with connected(stage, headers=headers, **more) as tab:
        code = await tab.until_closed()
    assert tab.frames == []
    return code


class TestOrigin:
    async def test_a_browser_with_our_own_origin_is_let_in(self, stage: Stage, ann: Person, cookie: str) -> None:
        async with opened(stage, headers={"Cookie": cookie, "Origin": stage.origin}) as tab:
            assert tab.frames[0]["user"]["id"] == str(ann.user.pk)

    async def test_localhost_is_a_name_of_this_machine_too(self, stage: Stage, cookie: str) -> None:
        origin = f"http://localhost:{stage.port}"
        async with opened(stage, headers={"Cookie": cookie, "Origin": origin}, name="localhost") as tab:
            assert tab.frames[0]["type"] == "hello"

    @pytest.mark.parametrize(
        "origin",
        [
            None,
            "null",
            "",
            "http://evil.example",
            "http://127.0.0.1",
            "http://127.0.0.1:1",
            "https://127.0.0.1:{port}",
            "http://127.0.0.1:{port}.evil.example",
            "http://localhost:{port}",
            "http://127.0.0.1:{port}/",
            "HTTP://127.0.0.1:{port}",
            "127.0.0.1:{port}",
            "http://ann@127.0.0.1:{port}",
        ],
    )
    async def test_any_other_origin_is_refused_in_the_handshake(
        self, stage: Stage, cookie: str, origin: str | None
    ) -> None:
        headers = {"Cookie": cookie} | ({} if origin is None else {"Origin": origin.format(port=stage.port)})
        assert await status_of_refusal(stage, headers) == 403

    async def test_a_name_that_an_attacker_points_at_us_is_refused(self, stage: Stage, cookie: str) -> None:
        headers = {"Cookie": cookie, "Origin": f"http://rebound.example:{stage.port}"}
        assert await status_of_refusal(stage, headers, name="rebound.example") == 403

    async def test_configured_origins_are_matched_exactly_and_alone(
        self, stage: Stage, cookie: str, settings: Settings
    ) -> None:
        settings.ALLOWED_ORIGINS = ["https://chat.example.com", "http://10.0.0.7:8000"]
        for origin in settings.ALLOWED_ORIGINS:
            async with opened(stage, headers={"Cookie": cookie, "Origin": origin}) as tab:
                assert tab.frames[0]["type"] == "hello"
        for origin in (
            "http://chat.example.com",
            "https://chat.example.com:8443",
            "https://sub.chat.example.com",
            "https://chat.example.com.evil.example",
            "http://10.0.0.7",
            stage.origin,
            "null",
        ):
            assert await status_of_refusal(stage, {"Cookie": cookie, "Origin": origin}) == 403


class TestCredentials:
    async def test_a_program_needs_a_token_and_no_origin(self, stage: Stage, ann: Person) -> None:
        async with opened(stage, headers={"Authorization": f"Bearer {ann.token}"}) as tab:
            assert tab.frames[0]["user"]["id"] == str(ann.user.pk)

    async def test_a_token_with_an_origin_is_refused_even_with_our_own(self, stage: Stage, ann: Person) -> None:
        for origin in (stage.origin, "http://evil.example", "null"):
            headers = {"Authorization": f"Bearer {ann.token}", "Origin": origin}
            assert await status_of_refusal(stage, headers) == 403

    @pytest.mark.parametrize(
        "authorization",
        [
            "Bearer",
            "Bearer tp_wrong",
            "Bearer {changed}",
            "Basic YW5uOnNlY3JldA==",
            "Token {token}",
            "{token}",
            "Bearer {token} x",
        ],
    )
    async def test_a_token_that_is_not_valid_is_closed_with_4401(
        self, stage: Stage, ann: Person, authorization: str
    ) -> None:
        changed = ann.token[:-1] + ("0" if ann.token[-1] != "0" else "1")
        headers = {"Authorization": authorization.format(token=ann.token, changed=changed)}
        assert await close_code(stage, headers) == 4401

    async def test_a_wrong_token_is_not_made_good_by_a_session(self, stage: Stage, cookie: str) -> None:
        assert await close_code(stage, {"Authorization": "Bearer tp_wrong", "Cookie": cookie}) == 4401

    async def test_an_expired_and_a_revoked_token_are_closed_with_4401(self, stage: Stage, ann: Person) -> None:
        expired = await rows(issue, user=ann.user, scope="write", expires_at=timezone.now() - timedelta(seconds=1))
        revoked = await rows(issue, user=ann.user, scope="write")
        await rows(revoke, revoked.row)
        for token in (expired, revoked):
            assert await close_code(stage, {"Authorization": f"Bearer {token.secret}"}) == 4401

    @pytest.mark.parametrize("sent", ["", "sessionid=nonsense", "sessionid=" + "x" * 32, "other=1"])
    async def test_nobody_is_accepted_and_closed_with_4401(self, stage: Stage, sent: str) -> None:
        headers = {"Origin": stage.origin} | ({"Cookie": sent} if sent else {})
        assert await close_code(stage, headers) == 4401

    async def test_a_deactivated_user_is_closed_with_4401(self, stage: Stage) -> None:
        person = await new_person()
        cookie = await rows(session_of, person.user)
        await rows(User.objects.filter(pk=person.user.pk).update, is_active=False)
        assert await close_code(stage, {"Origin": stage.origin, "Cookie": cookie}) == 4401
        assert await close_code(stage, {"Authorization": f"Bearer {person.token}"}) == 4401

    async def test_a_token_in_the_address_is_not_looked_at(self, stage: Stage, ann: Person) -> None:
        path = f"/ws/v1/chat?token={ann.token}&access_token={ann.token}"
        assert await close_code(stage, {"Origin": stage.origin}, path=path) == 4401

    async def test_a_read_token_may_look_and_not_touch(self, stage: Stage, ann: Person) -> None:
        conversation = await ann.conversation()
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            ack = await tab.send(conversation.pk, "echo x", key="1")
            await tab.ended(ack["turn"])
        reading = await rows(issue, user=ann.user, scope="read")
        async with opened(stage, headers={"Authorization": f"Bearer {reading.secret}"}) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={ack["turn"]: 0})
            await tab.ended(ack["turn"])
            named = {"client_message_id": "2", "text": "echo y"}
            assert await tab.refused("send", conversation=str(conversation.pk), **named) == "forbidden"
            assert await tab.refused("edit", message=ack["message"], **named) == "forbidden"
            assert await tab.refused("regenerate", message=ack["message"], client_message_id="3") == "forbidden"
            assert await tab.refused("stop", turn=ack["turn"]) == "forbidden"
        assert await rows(Turn.objects.filter(conversation=conversation).count) == 1


class TestSubprotocols:
    async def test_ours_is_chosen_among_several(self, stage: Stage, ann: Person) -> None:
        offered = [Subprotocol("other.v9"), Subprotocol("tokenproject.v1")]
        async with opened(stage, ann, subprotocols=offered) as tab:
            assert tab.socket.subprotocol == "tokenproject.v1"

    async def test_none_means_the_current_one(self, stage: Stage, ann: Person) -> None:
        async with opened(stage, ann) as tab:
            assert tab.socket.subprotocol is None

    async def test_an_unknown_one_is_echoed_and_then_closed_with_4406(self, stage: Stage, ann: Person) -> None:
        async with connected(stage, ann, subprotocols=[Subprotocol("tokenproject.v2")]) as tab:
            assert tab.socket.subprotocol == "tokenproject.v2"
            assert await tab.until_closed() == 4406
        assert tab.frames == []


class TestAddresses:
    @pytest.mark.parametrize("path", ["/", "/ws", "/ws/v1/chat/", "/ws/v2/chat", "/admin/", "/ws/v1/chatx", "/%00"])
    async def test_an_unknown_one_is_refused_cleanly(
        self, stage: Stage, ann: Person, path: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert await status_of_refusal(stage, {"Authorization": f"Bearer {ann.token}"}, path=path) == 403
        assert not [record for record in caplog.records if record.exc_info]


class TestHowMany:
    async def test_the_twenty_first_socket_of_a_user_is_closed_with_4429(
        self, stage: Stage, ann: Person, bob: Person
    ) -> None:
        async with AsyncExitStack() as twenty:
            for _ in range(20):
                await twenty.enter_async_context(opened(stage, ann))
            async with connected(stage, ann) as one_too_many:
                assert await one_too_many.until_closed() == 4429
            async with opened(stage, bob) as other:
                assert other.frames[0]["type"] == "hello"
        async with opened(stage, ann) as again:
            assert again.frames[0]["type"] == "hello"


def log_out(cookie: str) -> None:
    request = HttpRequest()
    request.session = SessionStore(cookie.removeprefix("sessionid="))
    logout(request)


def change_password(user: User) -> None:
    user.set_password("another battery staple")
    user.save()


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def delete_user(user: User) -> None:
    User.objects.get(pk=user.pk).delete()


def let_the_session_expire(cookie: str) -> None:
    key = cookie.removeprefix("sessionid=")
    Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(seconds=1))


def revoke_token(user: User) -> None:
    revoke(ApiToken.objects.get(user=user))


class TestTheEndOfACredential:
    """All cases at once: each takes as long as the server's own look at its sockets."""

    async def test_ends_the_socket_while_it_streams(self, stage: Stage) -> None:
        def by_cookie(end: Callable[[str], None]) -> Callable[[Person, str], Awaitable[None]]:
            return lambda person, cookie: rows(end, cookie)

        def by_user(end: Callable[[User], None]) -> Callable[[Person, str], Awaitable[None]]:
            return lambda person, cookie: rows(end, person.user)

        cases = {
            "log-out": (True, by_cookie(log_out)),
            "expiry": (True, by_cookie(let_the_session_expire)),
            "password": (True, by_user(change_password)),
            "deactivation": (True, by_user(deactivate)),
            "deactivation of a token's user": (False, by_user(deactivate)),
            "revocation": (False, by_user(revoke_token)),
            "deletion": (False, by_user(delete_user)),
        }
        outcomes = await asyncio.gather(*(self._lose(stage, *case) for case in cases.values()))
        assert dict(zip(cases, outcomes, strict=True)) == dict.fromkeys(cases, 4401)

    async def test_of_one_token_leaves_the_others_open(self, stage: Stage, ann: Person, bob: Person) -> None:
        second = await rows(issue, user=ann.user, scope="write")
        async with (
            opened(stage, ann) as losing,
            opened(stage, headers={"Authorization": f"Bearer {second.secret}"}) as keeping,
            opened(stage, bob) as stranger,
        ):
            await rows(revoke, await rows(ApiToken.objects.exclude(pk=second.row.pk).get, user=ann.user))
            assert await losing.until_closed() == 4401
            assert (await keeping.ok("ping"))["type"] == "pong"
            assert (await stranger.ok("ping"))["type"] == "pong"

    async def _lose(self, stage: Stage, is_browser: bool, end: Callable[[Person, str], Awaitable[None]]) -> int | None:
        person = await new_person()
        cookie = await rows(session_of, person.user)
        token = {"Authorization": f"Bearer {person.token}"}
        headers = {"Cookie": cookie, "Origin": stage.origin} if is_browser else token
        conversation = await person.conversation()
        async with opened(stage, headers=headers) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            ack = await tab.send(conversation.pk, "slow long 3000", key="1")
            await tab.seen(ack["turn"], "delta", times=2)
            await end(person, cookie)
            code = await tab.until_closed()
            await _is_silent(tab)
        return code


async def _is_silent(tab: Tab) -> None:
    heard = len(tab.frames)
    await asyncio.sleep(0.1)
    assert len(tab.frames) == heard
