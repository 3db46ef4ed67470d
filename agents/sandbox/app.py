"""The core of the sandbox: one HTTP request in, one streaming response out, whatever carries them.

Paths: `POST /v1/messages`, `POST /v1/messages/count_tokens`, `POST /v1/chat/completions`, `POST /v1/responses`,
`POST /v1/responses/input_tokens`, `GET /v1/models`, `GET /v1/models/{id}`. The vendors share the last two; the
`anthropic-version` header tells whose is meant. With an `oauth2` office, `POST /oauth2/token` gives the
tokens that all others then want. `GET /sandbox/account` tells what the account of the credential has used, and `DELETE`
begins its counters anew.

Beside the providers, a fictional company is served: Datadog's API under `/api/v1/` and `/api/v2/`, its own under
`/company/` (see `company`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol

import orjson

from agents.sandbox.account import account_of
from agents.sandbox.company.app import Company
from agents.sandbox.exchange import Exchange
from agents.sandbox.journal import Entry, Journal, without_secrets
from agents.sandbox.oauth2 import TOKEN_PATH, TokenOffice
from agents.sandbox.performance import ConnectionCut, ConnectionReset
from agents.sandbox.response import SandboxResponse, whole_response
from agents.sandbox.served import find_model, models_of
from agents.sandbox.visit import Visit
from agents.sandbox.wire.base import Wire, WireError
from agents.sandbox.wire.chat_completions import ChatCompletionsWire
from agents.sandbox.wire.messages import MessagesWire
from agents.sandbox.wire.responses import ResponsesWire

MOST_BODY_BYTES = 32 * 1024 * 1024
ACCOUNT_PATH = "/sandbox/account"
_MODELS_PATH = "/v1/models"

_logger = logging.getLogger(__name__)


class _Counter(Protocol):
    """Answers how many tokens a body is."""

    def __call__(self, body: Mapping[str, Any], *, headers: Mapping[str, str]) -> Mapping[str, Any]: ...


class SandboxApp:
    """The stand-in provider. Its parts are handed in: `exchange` plays, `journal` keeps what was served, `company` is
    there to be investigated."""

    def __init__(
        self,
        *,
        exchange: Exchange | None = None,
        journal: Journal | None = None,
        oauth2: TokenOffice | None = None,
        company: Company | None = None,
    ) -> None:
        self.company = company or Company()
        self._oauth2 = oauth2
        self._exchange = exchange or Exchange()
        self._journal = journal if journal is not None else Journal(keep=0)
        self._messages = MessagesWire()
        self._chat_completions = ChatCompletionsWire()
        responses = ResponsesWire()
        self._reply_wires: Mapping[str, Wire] = {
            "/v1/messages": self._messages,
            "/v1/chat/completions": self._chat_completions,
            "/v1/responses": responses,
        }
        self._counters: Mapping[str, _Counter] = {
            "/v1/messages/count_tokens": self._messages.count,
            "/v1/responses/input_tokens": responses.count,
        }

    async def handle(
        self, *, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str = ""
    ) -> SandboxResponse:
        """Answers one request; header names are in lower case, `query` is what stands after the path's "?". Errors are
        responses. Raises only ConnectionCut and ConnectionReset, where a fault breaks the connection before there are
        headers."""
        entry = Entry(method=method, path=path, headers=without_secrets(headers))
        self._journal.note(entry)
        request_id = "req_" + self._exchange.new_id()
        visit = Visit(method=method, path=path, headers=headers, body=body, request_id=request_id, entry=entry)
        if self.company.serves(path):
            return await self._company_says(visit, query=query)
        if self._oauth2 is not None and path == TOKEN_PATH:
            return self._oauth2.answer(visit)
        if self._oauth2 is not None and not self._oauth2.accepts(headers):
            return self._oauth2.refusal(visit)
        wire = self._wire_of(visit)
        try:
            return await self._answer(wire, visit=visit)
        except WireError as error:
            return _error_response(error, wire=wire, visit=visit)
        except (ConnectionCut, ConnectionReset):
            raise
        except Exception:
            _logger.exception("the sandbox failed on %s %s", method, path)
            return _error_response(wire.fault("error_500"), wire=wire, visit=visit)

    async def _company_says(self, visit: Visit, *, query: str) -> SandboxResponse:
        answer = await asyncio.to_thread(
            self.company.handle,
            method=visit.method,
            path=visit.path,
            query=query,
            headers=visit.headers,
            body=visit.body,
        )
        visit.entry.end("complete" if answer.status == HTTPStatus.OK else "refused")
        return whole_response(answer.body, status=answer.status, headers=answer.headers, entry=visit.entry)

    def _wire_of(self, visit: Visit) -> Wire:
        """The vendor that the client takes the sandbox for."""
        of_path = next((wire for start, wire in self._reply_wires.items() if visit.path.startswith(start)), None)
        of_headers: Wire = self._messages if "anthropic-version" in visit.headers else self._chat_completions
        return of_path or of_headers

    async def _answer(self, wire: Wire, *, visit: Visit) -> SandboxResponse:
        visit.entry.account = self._account(wire, visit=visit)
        if visit.path == ACCOUNT_PATH and visit.method in ("GET", "DELETE"):
            return _json_response(self._report(visit), wire=wire, visit=visit)
        if visit.method == "GET":
            return _json_response(_models(wire, visit=visit), wire=wire, visit=visit)
        if visit.method != "POST" or visit.path not in (*self._counters, *self._reply_wires):
            raise wire.unknown_path(method=visit.method, path=visit.path)
        visit.entry.body = _parsed(visit.body, wire=wire)
        if count := self._counters.get(visit.path):
            return _json_response(count(visit.entry.body, headers=visit.headers), wire=wire, visit=visit)
        return await self._exchange.respond(wire, visit=visit)

    def _account(self, wire: Wire, *, visit: Visit) -> str:
        """Tokens come and go: whoever they are given to is one account."""
        credential = wire.credential(visit.headers)
        return account_of(credential if self._oauth2 is None else self._oauth2.client_id)

    def _report(self, visit: Visit) -> dict[str, Any]:
        reports = self._exchange.limits.report(account=visit.entry.account, reset=visit.method == "DELETE")
        return {"account": visit.entry.account, "pools": [report.to_dict() for report in reports]}


def _parsed(body: bytes, *, wire: Wire) -> dict[str, Any]:
    if len(body) > MOST_BODY_BYTES:
        raise wire.too_large()
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise wire.not_json(str(error)) from None
    if not isinstance(data, dict):
        raise wire.not_json("it is no object")
    return data


def _models(wire: Wire, *, visit: Visit) -> dict[str, Any]:
    if visit.path == _MODELS_PATH:
        return wire.model_list(models_of(wire.vendor))
    if not visit.path.startswith(_MODELS_PATH + "/"):
        raise wire.unknown_path(method=visit.method, path=visit.path)
    model_id = visit.path.removeprefix(_MODELS_PATH + "/")
    model = find_model(vendor=wire.vendor, model_id=model_id)
    if model is None:
        raise wire.unknown_model(model_id)
    return wire.model_card(model)


def _json_response(data: Mapping[str, Any], *, wire: Wire, visit: Visit) -> SandboxResponse:
    headers = {wire.request_id_header: visit.request_id}
    visit.entry.end("complete")
    return whole_response(orjson.dumps(data), status=200, headers=headers, entry=visit.entry)


def _error_response(error: WireError, *, wire: Wire, visit: Visit) -> SandboxResponse:
    body = orjson.dumps(wire.error_body(error, request_id=visit.request_id))
    headers = {wire.request_id_header: visit.request_id, **error.headers}
    visit.entry.end("refused")
    return whole_response(body, status=error.status, headers=headers, entry=visit.entry)
