"""Drives one SDK stream: opens it, folds its chunks into events, names every failure, and always closes it.

Both SDKs report a stream that ended early as success (a clean EOF), and time-outs, cuts and bad JSON each as an
exception of another family; here all of it becomes `agents.llm.errors`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

import httpx2
import orjson

from agents.llm.errors import LLMError, ProviderBadStream
from agents.llm.events import BEFORE_CONTENT, CallAdmitted, CallFinished, ModelEvent
from agents.llm.providers import wording
from agents.llm.providers.failures import FailedCall, error_from_exception, error_from_report
from agents.llm.providers.rate_headers import named_limit, rates_of, refused_dimension
from agents.llm.providers.report import Report
from agents.llm.providers.retry_after import retry_after_seconds

DRAIN_SECONDS = 0.25
"""How long to wait for the end of a body whose answer is complete: a body read to its end frees the connection."""

NO_KEY = "none"
"""Sent where there is no key: given an empty one, an SDK refuses to start or takes one from the environment."""

BODY_LIMIT = 64 * 1024
"""Bytes of a body to read that should have been a stream."""


class Fold(Protocol):
    """Turns the chunks of one answer into events, and knows at the end how it finished."""

    @property
    def complete(self) -> bool:
        """Nothing of interest can follow."""

    def feed(self, chunk: Any) -> Iterable[ModelEvent]: ...

    def finish(self, *, request_id: str) -> CallFinished | None:
        """None where no finish reason was seen."""


class SdkStream(Protocol):
    """What `AsyncStream` of both SDKs offers."""

    response: httpx2.Response

    def __aiter__(self) -> AsyncIterator[Any]: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """One SDK as far as its failures go. `api_error` carries `.body`; a `connection_error` has a cause instead."""

    api_error: type[Exception]
    connection_error: type[Exception]
    request_id_header: str
    clock: Callable[[], float]


class ReportedFailure(Exception):
    """A fold raises it for an event by which the provider ends a stream in failure. `body` is read like an error's."""

    def __init__(self, body: object) -> None:
        super().__init__("the provider reported a failure inside the stream")
        self.body = body


class _NotAStream(Exception):
    """A 200 whose body is no event stream. `body` is its JSON, or None."""

    def __init__(self, *, content_type: str, body: object) -> None:
        super().__init__(f"content-type {content_type}")
        self.body = body


async def stream_events(
    open_stream: Callable[[], Awaitable[SdkStream]], *, fold: Fold, vendor: Vendor, call: FailedCall
) -> AsyncGenerator[ModelEvent, None]:
    """The events of one call, `CallFinished` last. Raises `LLMError`."""
    stream: SdkStream | None = None
    finished: CallFinished | None = None
    try:
        stream = await open_stream()
        call = replace(call, answered=True)
        await _require_event_stream(stream.response)
        yield CallAdmitted(rates=rates_of(stream.response.headers))
        async for chunk in stream:
            for event in fold.feed(chunk):
                call = _having_seen(event, call)
                yield event
            if fold.complete:
                await _drain(stream, fold)
                break
    except Exception as error:
        # Once the finish reason is known the answer is whole: losing what follows it harms nobody.
        finished = _finish(fold, stream, vendor)
        if finished is None:
            failure = _named(error, vendor=vendor, call=call)
            # One that was raised before, by our own transport, is itself a cause of `error`: no circle.
            raise failure from (error if failure.__traceback__ is None else None)
    finally:
        if stream is not None:
            await stream.close()
    finished = finished or _finish(fold, stream, vendor)
    if finished is None:
        raise _cut(call)
    yield finished


def _having_seen(event: ModelEvent, call: FailedCall) -> FailedCall:
    is_content = not isinstance(event, BEFORE_CONTENT)
    return replace(call, content_seen=True) if is_content and not call.content_seen else call


def _finish(fold: Fold, stream: SdkStream | None, vendor: Vendor) -> CallFinished | None:
    headers = {} if stream is None else stream.response.headers
    return fold.finish(request_id=headers.get(vendor.request_id_header, ""))


def _cut(call: FailedCall) -> LLMError:
    detail = "the stream ended without a finish reason"
    return call.error(ProviderBadStream, wording.CUT, detail=detail, retryable=not call.content_seen)


def _named(error: Exception, *, vendor: Vendor, call: FailedCall) -> LLMError:
    if isinstance(error, _NotAStream):
        report = Report.read(status=None, body=error.body)
        if report.text or report.effective_status:
            return error_from_report(report, call=call)
        return call.error(ProviderBadStream, wording.NO_STREAM, detail=str(error))
    if isinstance(error, ReportedFailure):
        return error_from_report(Report.read(status=None, body=error.body), call=call)
    if isinstance(error, vendor.api_error) and not isinstance(error, vendor.connection_error):
        return _refused(error, vendor=vendor, call=call)
    return error_from_exception(error, call=call)


def _refused(error: Exception, *, vendor: Vendor, call: FailedCall) -> LLMError:
    report = _report_of(error, vendor)
    failure = error_from_report(report, call=call)
    response: httpx2.Response | None = getattr(error, "response", None)
    if report.effective_status == 429:
        failure.rates = replace(
            rates_of(response.headers if response is not None else {}),
            refused=refused_dimension(kind=report.type, text=report.text),
            too_large=named_limit(report.text) if report.is_never_admitted else None,
        )
    return failure


def _report_of(error: Exception, vendor: Vendor) -> Report:
    response: httpx2.Response | None = getattr(error, "response", None)
    body = getattr(error, "body", None)
    if response is None:
        return Report.read(status=None, body=body)
    if isinstance(body, str) and response.is_error:
        body = _json_or_none(response.content)  # an SDK unwraps `{"error": "text"}`, and gives pages as text too
    retry_after = retry_after_seconds(response.headers, now=vendor.clock())
    return Report.read(status=response.status_code, body=body, retry_after=retry_after)


async def _drain(stream: SdkStream, fold: Fold) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for chunk in stream:
                # Only for the last usage that it may hold; a finished answer has no more content.
                list(fold.feed(chunk))


async def _require_event_stream(response: httpx2.Response) -> None:
    content_type = response.headers.get("content-type", "").lower()
    if "html" in content_type or content_type.startswith("application/json"):
        raise _NotAStream(content_type=content_type, body=await _json_body(response))


async def _json_body(response: httpx2.Response) -> object:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > BODY_LIMIT:
            return None
    return _json_or_none(body)


def _json_or_none(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
