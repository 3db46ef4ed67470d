"""The socket: parse, authorise, call `actions`, relay events. It computes nothing and waits for no model."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

import orjson
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError
from django.utils import timezone

from accounts.live_credentials import Credential
from accounts.models import User
from accounts.moments import rfc3339
from accounts.refusals import Forbidden, NotReady, Refusal, TooManyRequests
from agents.llm.errors import LLMError
from agents.threads import in_thread
from chat import actions, engine, protocol, send_limits
from chat.frame_budget import FrameBudget
from chat.models import Turn
from chat.once import Accepted
from chat.own_rows import own_conversation
from chat.protocol import Frame, FrameRefused
from chat.relay import Relay
from chat.socket_admission import Admitted, BadOrigin, admit

SLOW_CLIENT = 30.0  # seconds that one frame may wait for the client to read
CLOSE_WAIT = 1.0  # seconds that anybody waits for a close frame to leave

CLOSE_ABUSE = 4400
CLOSE_NOT_SIGNED_IN = 4401
CLOSE_VERSION = 4406
CLOSE_SLOW = 4408
CLOSE_TOO_MANY_SOCKETS = 4429
CLOSE_TOO_BIG = 1009
CLOSE_RESTART = 1012

logger = logging.getLogger(__name__)


class ClientGone(Exception):
    """The other side has closed, and nobody has told us so far."""


class TooManyFrames(TooManyRequests):
    code = "too_many_frames"


class ChatConsumer(AsyncWebsocketConsumer):
    """One socket of one tab, or of one program; every conversation on it."""

    _admitted: Admitted | None = None
    _closing: asyncio.Task[None] | None = None
    _relaying: asyncio.Task[None] | None = None

    @property
    def credential(self) -> Credential:
        assert self._admitted is not None, "only admitted sockets are guarded"
        return self._admitted.credential

    async def connect(self) -> None:
        try:
            admitted = await admit(self.scope)
        except BadOrigin as error:
            logger.warning("refused a socket: %s", error)
            await self.close()  # Before `accept`: the handshake is answered with HTTP 403.
            return
        offered = self.scope.get("subprotocols") or []
        known = protocol.VERSION in offered
        # A browser can read a close code only if one of the offered subprotocols was accepted.
        await self.accept(subprotocol=protocol.VERSION if known else next(iter(offered), None))
        if offered and not known:
            await self._close(CLOSE_VERSION)
        elif admitted is None:
            await self._close(CLOSE_NOT_SIGNED_IN)
        else:
            with suppress(ClientGone, TimeoutError):
                await self._open(admitted)

    async def _open(self, admitted: Admitted) -> None:
        self._engine = await engine.ensure_started()
        if self._engine.guard.count(admitted.user.pk) >= send_limits.SOCKETS_PER_USER:
            await self._close(CLOSE_TOO_MANY_SOCKETS)
            return
        self._admitted = admitted
        self._engine.guard.add(self)
        self._budget = FrameBudget(clock=time.monotonic)
        self._subscription = self._engine.hub.subscribe(str(admitted.user.pk))
        self._relay = Relay(subscription=self._subscription, send_text=self._send_text, send_resync=self._send_resync)
        user = {"id": str(admitted.user.pk), "username": admitted.user.get_username()}
        await self._send_frame(
            {"type": "hello", "server_time": _now(), "user": user, "limits": send_limits.published()}
        )
        self._relaying = asyncio.create_task(self._relay_until_closed())

    async def disconnect(self, code: int) -> None:
        if self._admitted is None:
            return
        self._engine.guard.remove(self)
        self._subscription.close()
        if self._relaying is not None:
            self._relaying.cancel()

    async def turn_away(self) -> None:
        """The guard's word: the user is no longer signed in."""
        if self._relaying is not None:
            self._relaying.cancel()
        self._subscription.close()
        await self._close(CLOSE_NOT_SIGNED_IN)

    async def _close(self, code: int) -> None:
        """Close, once: no frame is sent or handled after this. A client that reads slowly learns of it in the end."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._send_close(code))
            await asyncio.wait([self._closing], timeout=CLOSE_WAIT)

    async def _send_close(self, code: int) -> None:
        with suppress(OSError, RuntimeError):  # It has gone away by itself meanwhile.
            await self.close(code=code)

    async def _relay_until_closed(self) -> None:
        try:
            await self._relay.run()
        except TimeoutError:
            await self._close(CLOSE_SLOW)
        except ClientGone:
            return
        except Exception:
            # The client reconnects and resumes from the log.
            logger.exception("a socket's relay broke")
            await self._close(CLOSE_RESTART)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._admitted is None or self._closing is not None:
            return
        try:
            await self._receive(text_data, bytes_data)
        except TimeoutError:
            await self._close(CLOSE_SLOW)
        except ClientGone:
            return

    async def _receive(self, text_data: str | None, bytes_data: bytes | None) -> None:
        if len(text_data or bytes_data or "") > send_limits.FRAME_BYTES:
            await self._close(CLOSE_TOO_BIG)
            return
        pause = self._budget.take()
        if pause > 0:
            await self._refuse_early(text_data, pause)
            return
        try:
            frame = protocol.parse_frame(text_data)
        except FrameRefused as refused:
            await self._send_frame(protocol.error_frame(id=refused.id, fault=refused.refusal))
            if isinstance(refused.refusal, protocol.BadFrame) and self._budget.note_bad():
                await self._close(CLOSE_ABUSE)
            return
        await self._answer(frame)

    async def _refuse_early(self, text: str | None, pause: float) -> None:
        fault = TooManyFrames(
            f"Too many frames at once; this one was not handled. Send it again in {pause:.2f} s.",
            retryable=True,
            retry_at=timezone.now() + timedelta(seconds=pause),
        )
        await self._send_frame(protocol.error_frame(id=protocol.id_of(text), fault=fault))
        if self._budget.note_refused():
            await self._close(CLOSE_ABUSE)

    async def _answer(self, frame: Frame) -> None:
        try:
            await self._handle(frame)
        except (Refusal, LLMError) as fault:
            await self._send_frame(protocol.error_frame(id=frame.id, fault=fault))
        except DatabaseError:
            logger.exception("the database did not answer a frame")
            busy = NotReady("The server is busy. Nothing was sent and your text is kept; try again.", retryable=True)
            await self._send_frame(protocol.error_frame(id=frame.id, fault=busy))
        except (TimeoutError, ClientGone):
            raise
        except Exception:
            ref = uuid.uuid4().hex[:8]
            logger.exception("a %s frame broke (ref %s)", frame.type, ref)
            await self._send_frame(protocol.internal_error_frame(id=frame.id, ref=ref))

    async def _handle(self, frame: Frame) -> None:
        assert self._admitted is not None
        user = self._admitted.user
        match frame:
            case protocol.Ping():
                await self._send_frame({"type": "pong", "id": frame.id, "server_time": _now()})
            case protocol.Subscribe():
                await in_thread(own_conversation)(user, frame.conversation)
                await self._ack(frame, conversation=str(frame.conversation))
                self._relay.watch(frame.conversation, frame.cursors)
            case protocol.Unsubscribe():
                self._relay.unwatch(frame.conversation)
                await self._ack(frame, conversation=str(frame.conversation))
            case _:
                await self._act(frame)

    async def _act(self, frame: Frame) -> None:
        """The frames that change something."""
        assert self._admitted is not None
        user = self._admitted.user
        if not self._admitted.may_write:
            raise Forbidden("This API token may only read. Nothing was changed.", params={"scope": "write"})
        match frame:
            case protocol.Send():
                accepted = await in_thread(actions.send)(
                    user=user,
                    conversation_id=frame.conversation,
                    client_message_id=frame.client_message_id,
                    text=frame.text,
                    parent=frame.parent,
                )
                await self._ack_accepted(frame, accepted)
            case protocol.Edit():
                accepted = await in_thread(actions.edit)(
                    user=user,
                    message_id=frame.message,
                    client_message_id=frame.client_message_id,
                    text=frame.text,
                )
                await self._ack_accepted(frame, accepted)
            case protocol.Regenerate():
                wish = actions.Wish(provider=frame.provider, model=frame.model, agent=frame.agent)
                accepted = await in_thread(actions.regenerate)(
                    user=user, message_id=frame.message, client_message_id=frame.client_message_id, wish=wish
                )
                await self._ack_accepted(frame, accepted)
            case protocol.Stop():
                turn = await in_thread(actions.stop)(user=user, turn_id=frame.turn)
                await self._ack(frame, conversation=str(turn.conversation_id), turn=str(turn.pk))
            case protocol.Shorten():
                turn = await in_thread(actions.shorten)(user=user, turn_id=frame.turn)
                await self._ack(frame, conversation=str(turn.conversation_id), turn=str(turn.pk))
            case protocol.Approve():
                turn = await self._decide(frame, user=user)
                await self._ack(frame, conversation=str(turn.conversation_id), turn=str(turn.pk))

    @staticmethod
    async def _decide(frame: protocol.Approve, *, user: User) -> Turn:
        row = await in_thread(actions.decide)(
            user=user,
            turn_id=frame.turn,
            approval_id=frame.approval,
            approved=frame.approved,
        )
        return row.turn

    async def _ack_accepted(self, frame: Frame, accepted: Accepted) -> None:
        await self._ack(
            frame,
            conversation=str(accepted.conversation.pk),
            turn=str(accepted.turn.pk),
            message=str(accepted.message.pk),
            duplicate=accepted.duplicate,
        )

    async def _ack(self, frame: Frame, **fields: Any) -> None:
        nothing = {"conversation": None, "turn": None, "message": None, "duplicate": None}
        await self._send_frame({"type": "ack", "id": frame.id, **nothing, **fields})

    async def _send_resync(self, turn: str) -> None:
        await self._send_frame({"type": "resync", "turn": turn, "reason": "the cursor is past the end of the log"})

    async def _send_frame(self, frame: dict[str, Any]) -> None:
        await self._send_text(orjson.dumps(frame).decode())

    async def _send_text(self, text: str) -> None:
        """TimeoutError if the client does not read, ClientGone if there is none any more."""
        if self._closing is not None:
            return
        async with asyncio.timeout(SLOW_CLIENT):
            try:
                await self.send(text_data=text)
            except (OSError, RuntimeError) as error:  # Each server has a word of its own for it.
                raise ClientGone from error


def _now() -> str:
    return rfc3339(timezone.now())
