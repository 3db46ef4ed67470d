"""The sandbox over HTTP, with one more page: `GET /last-request` gives the body of the newest request for a reply.

So that the raw call can repeat, byte for byte, what our server has just sent.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from agents.llm.vocabulary import load_encoding
from agents.sandbox.app import SandboxApp
from agents.sandbox.journal import Entry
from agents.sandbox.response import SandboxResponse, whole_response
from agents.sandbox.server import SandboxServer

LAST_REQUEST = "/last-request"


class RecordingSandbox(SandboxApp):
    _last = b""

    async def handle(
        self, *, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str = ""
    ) -> SandboxResponse:
        if path == LAST_REQUEST:
            entry = Entry(method=method, path=path, headers={})
            return whole_response(self._last, status=200, headers={}, entry=entry)
        self._last = body
        return await super().handle(method=method, path=path, query=query, headers=headers, body=body)


def main(port: int) -> None:
    load_encoding("o200k_base")
    SandboxServer(RecordingSandbox(), host="127.0.0.1", port=port).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
