"""Every fault, through the vendors' own SDKs: each shows what the SDKs are known to make of it."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from agents.sandbox.script.faults import all_faults
from tests.agents.sandbox.speakers import (
    PLAIN_TOOL,
    QUERY_TOOL,
    ChatSpeaker,
    Hearing,
    MessagesSpeaker,
    ResponsesSpeaker,
    Speaker,
    hear,
)
from tests.agents.sandbox.stage import Stage, until

REFUSALS = {
    "messages": {
        "error_529": (529, "overloaded_error", None),
        "error_500": (500, "api_error", None),
        "error_503": (503, "overloaded_error", None),
        "error_504": (504, "timeout_error", None),
        "auth_401": (401, "authentication_error", None),
        "auth_401_once": (401, "authentication_error", None),
        "overflow": (400, "invalid_request_error", None),
        "ramp_limit": (429, "rate_limit_error", "5"),
        "rate_limit": (429, "rate_limit_error", "1"),
        "retry_after_7200": (429, "rate_limit_error", "7200"),
        "spend_limit": (429, "rate_limit_error", None),
    },
    "chat completions": {
        "error_529": (529, "server_error", None),
        "error_500": (500, "server_error", None),
        "error_503": (503, "service_unavailable_error", None),
        "error_504": (504, "server_error", None),
        "auth_401": (401, "invalid_request_error", None),
        "auth_401_once": (401, "invalid_request_error", None),
        "overflow": (400, "invalid_request_error", None),
        "ramp_limit": (429, "requests", "5"),
        "rate_limit": (429, "tokens", "1"),
        "retry_after_7200": (429, "tokens", "7200"),
        "spend_limit": (429, "insufficient_quota", None),
    },
}
REFUSALS["responses"] = REFUSALS["chat completions"]

STATUS_ERRORS = (anthropic.APIStatusError, openai.APIStatusError)


async def listen_until_it_breaks(speaker: Speaker, text: str, **more: Any) -> tuple[Hearing, Exception]:
    hearing = await speaker.ask(text, **more)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, the tests say
        async for _ in hearing:
            pass
    assert isinstance(caught.value, Exception)
    return hearing, caught.value


@pytest.mark.parametrize("fault", REFUSALS["messages"])
async def test_refusals(speaker: Speaker, stage: Stage, fault: str) -> None:
    status, kind, retry_after = REFUSALS[speaker.name][fault]
    with pytest.raises(STATUS_ERRORS) as caught:
        await speaker.ask(f"fault {fault}")
    error: Any = caught.value
    assert (error.status_code, error.type) == (status, kind)
    assert error.response.headers.get("retry-after") == retry_after
    assert error.request_id.startswith("req_")
    assert stage.newest.outcome == "refused"


async def test_spend_limit_names_its_code(near_speaker: Speaker) -> None:
    with pytest.raises((anthropic.EnforcedSpendLimitReachedError, openai.RateLimitError)) as caught:
        await near_speaker.ask("fault spend_limit")
    error: Any = caught.value
    code = error.error_code if near_speaker.name == "messages" else error.code
    assert code == ("enforced_spend_limit_reached" if near_speaker.name == "messages" else "insufficient_quota")


async def test_the_ramp_limit_names_its_code(near_speaker: Speaker) -> None:
    with pytest.raises((anthropic.RampLimitExceededError, openai.RateLimitError)) as caught:
        await near_speaker.ask("fault ramp_limit")
    error: Any = caught.value
    if near_speaker.name != "messages":
        assert error.code == "slow_down"


async def test_a_token_that_has_run_out_is_refused_once(near_speaker: Speaker) -> None:
    with pytest.raises((anthropic.AuthenticationError, openai.AuthenticationError)):
        await near_speaker.ask("fault auth_401_once echo again")
    assert (await hear(near_speaker, "fault auth_401_once echo again")).text.endswith("again")


async def test_an_empty_account_is_a_400_on_anthropics_wire(near_stage: Stage) -> None:
    with pytest.raises(anthropic.BadRequestError, match="credit balance is too low"):
        await MessagesSpeaker(near_stage).ask("fault credit_low")


@pytest.mark.parametrize("kind", [ChatSpeaker, ResponsesSpeaker])
async def test_openais_wires_alone_have_these(near_stage: Stage, kind: type[ChatSpeaker | ResponsesSpeaker]) -> None:
    speaker = kind(near_stage)
    with pytest.raises(openai.RateLimitError, match=r"Request too large for .* must be reduced") as never:
        await speaker.ask("fault never_fits")
    assert never.value.response.headers.get("retry-after") is None
    with pytest.raises(openai.BadRequestError) as flat:
        await speaker.ask("fault flat_error")
    assert flat.value.response.json()["code"] == 400


@pytest.mark.parametrize("fault", ["empty_body", "json_error_200"])
async def test_a_200_without_a_reply(speaker: Speaker, stage: Stage, fault: str) -> None:
    heard = await hear(speaker, f"fault {fault}")
    assert (heard.text, heard.finish) == ("", None)
    assert (stage.newest.status, stage.newest.outcome) == (200, "refused")


async def test_a_gateway_without_stream_options(near_stage: Stage) -> None:
    speaker = ChatSpeaker(near_stage)
    with pytest.raises(openai.BadRequestError, match="stream_options"):
        await speaker.ask("fault no_stream_options")
    heard = await hear(speaker, "fault no_stream_options", stream_options=openai.omit)
    assert "is over" in heard.text


async def test_rate_limit_strikes_once_and_then_answers(near_speaker: Speaker) -> None:
    for _ in range(2):
        with pytest.raises((anthropic.RateLimitError, openai.RateLimitError)):
            await near_speaker.ask("fault rate_limit")
        heard = await hear(near_speaker, "fault rate_limit")
        assert "is over" in heard.text


async def test_a_number_says_how_often_a_fault_strikes(near_speaker: Speaker) -> None:
    for _ in range(2):
        with pytest.raises((anthropic.InternalServerError, openai.InternalServerError)):
            await near_speaker.ask("fault error_529 2 echo after all")
    heard = await hear(near_speaker, "fault error_529 2 echo after all")
    assert heard.text.endswith("after all")


async def test_the_wait_in_openais_words_is_the_wait_of_its_numbers(near_stage: Stage) -> None:
    with pytest.raises(openai.RateLimitError, match=r"Limit 30000, Used 20500, Requested 10000.*again in 1s\."):
        await ChatSpeaker(near_stage).ask("fault rate_limit")


async def test_an_error_event_in_the_middle(speaker: Speaker, stage: Stage) -> None:
    if speaker.name == "responses":  # the SDK hands the event on, and raises nothing
        heard = await hear(speaker, "fault error_event")
        assert (bool(heard.text), heard.finish, heard.error) == (True, None, "server_is_overloaded")
        assert stage.newest.outcome == "broken"
        return
    hearing, error = await listen_until_it_breaks(speaker, "fault error_event")
    assert hearing.heard.text
    assert hearing.heard.finish is None
    assert stage.newest.outcome == "broken"
    if speaker.name == "messages":
        assert type(error) is anthropic.APIStatusError
        assert (error.status_code, error.type) == (200, "overloaded_error")
    else:
        assert type(error) is openai.APIError
        assert error.code == "server_is_overloaded"


async def test_an_error_event_comes_first(speaker: Speaker, stage: Stage) -> None:
    if speaker.name == "responses":
        heard = await hear(speaker, "fault error_first")
        assert (heard.text, heard.usage, heard.error) == ("", None, "server_is_overloaded")
        return
    hearing, error = await listen_until_it_breaks(speaker, "fault error_first")
    assert not hearing.heard.text
    assert isinstance(error, (anthropic.APIStatusError, openai.APIError))
    assert hearing.heard.usage is None


async def test_broken_json(speaker: Speaker, stage: Stage) -> None:
    hearing, error = await listen_until_it_breaks(speaker, "fault bad_json")
    assert hearing.heard.text
    assert isinstance(error, json.JSONDecodeError)


async def test_clean_eof_is_silent(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "fault eof")
    assert heard.text
    assert heard.finish is None
    assert stage.newest.outcome == "broken"


async def test_cut(speaker: Speaker, stage: Stage) -> None:
    hearing, error = await listen_until_it_breaks(speaker, "fault cut")
    assert hearing.heard.text
    assert hearing.heard.finish is None
    if speaker.name == "messages":
        assert type(error) is httpx2.RemoteProtocolError
    else:
        assert type(error) is openai.APIConnectionError
        assert type(error.__cause__) is httpx2.RemoteProtocolError
    assert stage.newest.outcome == "broken"


async def test_reset(speaker: Speaker, stage: Stage) -> None:
    hearing, error = await listen_until_it_breaks(speaker, "fault reset")
    assert hearing.heard.text
    assert hearing.heard.finish is None
    if speaker.name == "messages":
        assert type(error) is httpx2.ReadError
    else:
        assert type(error) is openai.APIConnectionError
        assert type(error.__cause__) is httpx2.ReadError
    assert stage.newest.outcome == "broken"


async def test_stall_runs_into_the_read_timeout(speaker: Speaker, stage: Stage) -> None:
    hearing, error = await listen_until_it_breaks(speaker, "fault stall")
    assert hearing.heard.text
    assert hearing.heard.finish is None
    assert type(error) is (httpx2.ReadTimeout if speaker.name == "messages" else openai.APITimeoutError)
    await hearing.close()
    await until(lambda: stage.newest.outcome == "closed")


async def test_no_usage(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "fault no_usage echo whole")
    assert heard.text.endswith("whole")
    assert heard.finish in ("end_turn", "stop")
    assert heard.usage is None


async def test_no_event_name_loses_the_whole_text(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "fault no_event_name")
    if speaker.name == "messages":
        assert (heard.text, heard.finish) == ("", None)
    else:
        assert "does not exist on this wire" in heard.text


@pytest.mark.parametrize(
    ("fault", "reasons"),
    [
        ("max_tokens", ("max_tokens", "length")),
        ("context_window", ("model_context_window_exceeded", "length")),
    ],
)
async def test_unusual_endings(speaker: Speaker, stage: Stage, fault: str, reasons: tuple[str, str]) -> None:
    heard = await hear(speaker, f"fault {fault}")
    assert heard.text
    assert heard.finish == reasons[speaker.name != "messages"]


async def test_refusal_has_no_text(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "fault refusal")
    assert (heard.text, heard.finish) == ("", "refusal" if speaker.name == "messages" else "content_filter")


@pytest.mark.parametrize(("fault", "status"), [("html_200", 200), ("html_502", 502)])
async def test_web_pages(speaker: Speaker, stage: Stage, fault: str, status: int) -> None:
    asked = [{"role": "user", "content": f"fault {fault}"}]
    body = {"model": speaker.model, "max_tokens": 100, "messages": asked}
    if speaker.name == "responses":
        body = {"model": speaker.model, "input": asked}
    headers = {"authorization": "Bearer any", "anthropic-version": "2026-10-21"}
    answer = await stage.http.post(stage.url + speaker.path, json=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html"
    assert answer.text.startswith("<!doctype html>")


async def test_eof_in_a_tool_call(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "fault eof_tool", tools=[QUERY_TOOL])
    assert heard.finish is None
    assert heard.calls[0].name == "query"
    with pytest.raises(json.JSONDecodeError):
        json.loads(heard.calls[0].arguments)


async def test_empty_tool_input(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "fault empty_tool_input", tools=[QUERY_TOOL])
    assert heard.finish in ("tool_use", "tool_calls")
    assert [(call.name, call.arguments) for call in heard.calls] == [("query", "")]


async def test_two_calls_with_the_same_index(near_stage: Stage) -> None:
    sdk = openai.AsyncOpenAI(api_key="x", max_retries=0, base_url="http://sandbox/v1", http_client=near_stage.http)
    stream = await sdk.chat.completions.create(
        model="sandbox-gpt",
        messages=[{"role": "user", "content": "fault tool_same_index"}],
        tools=[
            {"type": "function", "function": {"name": tool.name, "parameters": tool.parameters}}
            for tool in (QUERY_TOOL, PLAIN_TOOL)
        ],
        stream=True,
    )
    pieces = [p for chunk in [c async for c in stream] for ch in chunk.choices for p in ch.delta.tool_calls or []]
    assert {piece.index for piece in pieces} == {0}
    assert len({piece.id for piece in pieces if piece.id}) == 2


async def chunks(stage: Stage, text: str, **more: Any) -> list[Any]:
    """The chunks of Chat Completions as they are on the wire."""
    body = {"model": "sandbox-gpt", "stream": True, "stream_options": {"include_usage": True}, **more}
    body["messages"] = [{"role": "user", "content": text}]
    answer = await stage.http.post(stage.url + "/v1/chat/completions", json=body, headers=GPT_HEADERS)
    return [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]


GPT_HEADERS = {"authorization": "Bearer any"}
GPT_TOOLS = [{"type": "function", "function": {"name": "query", "parameters": QUERY_TOOL.parameters}}]


async def test_no_done(near_stage: Stage) -> None:
    assert (await chunks(near_stage, "echo hi"))[-1] == "[DONE]"
    assert "[DONE]" not in await chunks(near_stage, "fault no_done")


async def test_usage_on_the_chunk_with_the_finish_reason(near_stage: Stage) -> None:
    *_, last, done = await chunks(near_stage, "fault usage_early")
    assert done == "[DONE]"
    assert json.loads(last)["choices"][0]["finish_reason"] == "stop"
    assert json.loads(last)["usage"]["completion_tokens"] > 0


async def test_keys_and_comments_that_no_api_has(near_stage: Stage) -> None:
    told = await chunks(near_stage, "fault extra_keys")
    assert ": keep-alive" in told
    assert any("x_gateway" in chunk for chunk in told)
    assert (await hear(ChatSpeaker(near_stage), "fault extra_keys echo hi")).text.endswith("hi")


async def test_no_index(near_stage: Stage) -> None:
    told = [json.loads(c) for c in await chunks(near_stage, "fault tool_no_index", tools=GPT_TOOLS) if c[0] == "{"]
    calls = [call for chunk in told for ch in chunk["choices"] for call in ch["delta"].get("tool_calls", [])]
    assert len([call for call in calls if "id" in call]) == 2
    assert not any("index" in call for call in calls)


async def test_a_whole_call_in_one_piece(near_stage: Stage) -> None:
    told = [json.loads(c) for c in await chunks(near_stage, "fault tool_whole", tools=GPT_TOOLS) if c[0] == "{"]
    calls = [call for chunk in told for ch in chunk["choices"] for call in ch["delta"].get("tool_calls", [])]
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"text": "sandbox"}] * 2


async def test_calls_that_stop(near_stage: Stage) -> None:
    heard = await hear(ChatSpeaker(near_stage), "fault tool_stop", tools=[QUERY_TOOL])
    assert (len(heard.calls), heard.finish) == (2, "stop")


async def test_a_fault_that_needs_a_tool_says_so(near_speaker: Speaker) -> None:
    assert "needs a tool" in (await hear(near_speaker, "fault eof_tool")).text


async def test_a_fault_strikes_the_answer_after_the_rounds(near_speaker: Speaker) -> None:
    first = await hear(near_speaker, "loop 1 fault eof", tools=[QUERY_TOOL])
    assert first.finish in ("tool_use", "tool_calls")
    history = near_speaker.answered("loop 1 fault eof", heard=first, results=["fine"])
    last = await hear(near_speaker, "", history=history, tools=[QUERY_TOOL])
    assert (bool(last.text), last.finish) == (True, None)


async def test_an_unknown_fault_is_explained(near_speaker: Speaker) -> None:
    assert "no fault `gremlins`" in (await hear(near_speaker, "fault gremlins")).text


async def test_help_lists_every_fault_and_every_word(near_speaker: Speaker) -> None:
    text = (await hear(near_speaker, "help")).text
    for fault in all_faults():
        assert f"| `{fault.name}` |" in text
    for word in ("long N", "slow", "loop N", "parallel N", "think N", "echo TEXT", "recall WORD", "fault NAME", "help"):
        assert f"| `{word}` |" in text


@pytest.mark.parametrize("fault", [fault.name for fault in all_faults()])
async def test_every_fault_is_played_without_a_failure_of_ours(
    near_speaker: Speaker, near_stage: Stage, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    for stream in (True, False):
        tools = {"tools": [{"name": "noop", "description": "", "input_schema": PLAIN_TOOL.parameters}]}
        if near_speaker.name != "messages":
            tools = {"tools": [{"type": "function", "function": {"name": "noop", "parameters": PLAIN_TOOL.parameters}}]}
        body = {"model": near_speaker.model, "max_tokens": 500, "stream": stream, **tools}
        body["messages"] = [{"role": "user", "content": f"fault {fault}"}]
        if near_speaker.name == "responses":
            body = {"model": near_speaker.model, "stream": stream, "input": f"fault {fault}"}
            body["tools"] = [{"type": "function", "name": "noop", "parameters": PLAIN_TOOL.parameters}]
        headers = {"authorization": "Bearer any", "anthropic-version": "2026-10-21"}
        try:
            await near_stage.http.post(f"http://sandbox{near_speaker.path}", json=body, headers=headers)
        except httpx2.TransportError:
            assert fault in ("cut", "reset", "stall")
        assert near_stage.newest.outcome != "open"
    assert not caplog.records
