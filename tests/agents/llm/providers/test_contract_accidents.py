"""Streams that go wrong: what the adapters yield before, and what they call it."""

from __future__ import annotations

import pytest

from agents.llm.errors import (
    ConfigInvalid,
    ContextOverflow,
    LLMError,
    ProviderAuth,
    ProviderBadStream,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderSpendLimit,
    ProviderTimeout,
)
from agents.llm.events import CallFinished, TextDelta
from agents.llm.providers.base import ChatModel
from tests.agents.llm.providers.requests import events_of, failure_of
from tests.agents.llm.providers.scripted_server import Accident, ScriptedServer
from tests.agents.llm.providers.wires import USAGE, Wire


@pytest.mark.parametrize(
    ("accident", "kind"),
    [
        (None, ProviderBadStream),
        ("cut", ProviderBadStream),
        ("reset", ProviderBadStream),
        ("stall", ProviderTimeout),
    ],
)
async def test_content_that_breaks_off_is_kept_and_the_failure_is_named(
    server: ScriptedServer,
    wire: Wire,
    impatient_model: ChatModel,
    accident: Accident | None,
    kind: type[LLMError],
) -> None:
    server.play(wire.start(), wire.text("Half an ans"), accident=accident)
    seen, error = await failure_of(impatient_model)
    assert seen == [TextDelta(text="Half an ans")]
    assert type(error) is kind
    assert "What arrived so far is kept." in error.message


@pytest.mark.parametrize("accident", [None, "cut", "reset", "stall"])
async def test_a_break_before_any_content_may_be_tried_again(
    server: ScriptedServer, wire: Wire, impatient_model: ChatModel, accident: Accident | None
) -> None:
    server.play(wire.start(), accident=accident)
    seen, error = await failure_of(impatient_model)
    assert seen == []
    assert error.retryable
    assert "Your message is kept." in error.message


@pytest.mark.parametrize("accident", [None, "cut", "reset"])
async def test_a_cut_after_content_may_not_be_tried_again(
    server: ScriptedServer, wire: Wire, model: ChatModel, accident: Accident | None
) -> None:
    server.play(wire.start(), wire.text("Half"), accident=accident)
    _, error = await failure_of(model)
    assert not error.retryable


async def test_half_a_tool_call_is_no_tool_call(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play(wire.start(), wire.call(0, id="a", name="now", arguments=['{"zo']))
    _, error = await failure_of(model)
    assert type(error) is ProviderBadStream


@pytest.mark.parametrize("accident", ["cut", "reset", "stall"])
async def test_an_accident_after_the_finish_reason_harms_nobody(
    server: ScriptedServer, wire: Wire, impatient_model: ChatModel, accident: Accident
) -> None:
    server.play(wire.start(), wire.text("All of it"), wire.finish("stop"), accident=accident)
    assert await events_of(impatient_model) == [
        TextDelta(text="All of it"),
        CallFinished(finish_reason="stop", usage=USAGE),
    ]


async def test_an_empty_body_is_no_answer(server: ScriptedServer, model: ChatModel) -> None:
    server.play()
    seen, error = await failure_of(model)
    assert (seen, type(error)) == ([], ProviderBadStream)


async def test_json_that_cannot_be_read(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play(wire.start(), wire.text("Hi"), wire.broken_json(), wire.finish("stop"))
    seen, error = await failure_of(model)
    assert seen == [TextDelta(text="Hi")]
    assert type(error) is ProviderBadStream
    assert not error.retryable


async def test_bytes_that_are_no_utf8(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play(wire.start(), b"event: x\ndata: \xff\xfe\n\n")
    _, error = await failure_of(model)
    assert type(error) is ProviderBadStream


async def test_a_duplicate_end_is_one_end(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play(wire.start(), wire.text("Hi"), wire.finish("stop"), wire.finish("stop"), wire.end(), wire.end())
    assert await events_of(model) == [TextDelta(text="Hi"), CallFinished(finish_reason="stop", usage=USAGE)]


async def test_comments_and_unknown_events_are_passed_over(
    server: ScriptedServer, wire: Wire, model: ChatModel
) -> None:
    server.play(
        b": keep-alive\n\n",
        wire.start(),
        b'event: news\ndata: {"type": "news", "choices": null, "usage": null, "x": [1]}\n\n',
        wire.text("Hi"),
        wire.finish("stop"),
        wire.end(),
    )
    assert (await events_of(model))[0] == TextDelta(text="Hi")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("overloaded_error", ProviderOverloaded),
        ("api_error", ProviderOverloaded),
        ("rate_limit_error", ProviderRateLimited),
        ("insufficient_quota", ProviderSpendLimit),
        ("authentication_error", ProviderAuth),
        ("invalid_request_error", ConfigInvalid),
        ("context_length_exceeded", ContextOverflow),
        ("never_heard_of", ProviderBadStream),
    ],
)
async def test_an_error_inside_the_stream_is_read_by_its_type(
    server: ScriptedServer, wire: Wire, model: ChatModel, kind: str, expected: type[LLMError]
) -> None:
    server.play(wire.start(), wire.text("Hi"), wire.error_event(kind, "it went wrong"))
    seen, error = await failure_of(model)
    assert seen == [TextDelta(text="Hi")]
    assert type(error) is expected
    assert "it went wrong" in error.detail
    assert "it went wrong" not in error.message


async def test_a_web_page_is_no_stream(server: ScriptedServer, model: ChatModel) -> None:
    server.play(b"<html>Please sign in</html>", headers={"content-type": "text/html"})
    _, error = await failure_of(model)
    assert type(error) is ProviderBadStream
    assert "login page" in error.message
    assert not error.retryable


async def test_an_error_in_a_plain_200_is_read(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play_json(wire.error_body("overloaded_error", "busy", None))
    _, error = await failure_of(model)
    assert type(error) is ProviderOverloaded


@pytest.mark.parametrize(
    "body",
    [
        {"object": "chat.completion", "choices": [{"message": {"content": "unstreamed"}}]},
        {"type": "message", "content": [{"type": "text", "text": "unstreamed"}]},
        [],
    ],
)
async def test_json_that_is_no_stream_and_no_error(server: ScriptedServer, model: ChatModel, body: object) -> None:
    server.play_json(body)
    _, error = await failure_of(model)
    assert type(error) is ProviderBadStream
    assert "instead of a stream" in error.message


async def test_an_error_event_without_json(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play(wire.start(), wire.text("Hi"), b"event: error\ndata: busy\n\n")
    seen, error = await failure_of(model)
    assert seen == [TextDelta(text="Hi")]
    assert type(error) is ProviderBadStream
