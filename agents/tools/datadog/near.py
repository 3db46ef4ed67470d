"""The sandbox company in this process, under Datadog's own client."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import urllib3

from agents.sandbox.company.app import Company


class CompanyPool(urllib3.PoolManager):
    """Hands every request to `company`, whatever host it names: nothing leaves the process."""

    def __init__(self, company: Company) -> None:
        super().__init__()
        self._company = company

    def urlopen(  # type: ignore[override]  # urllib3 names the parameters of two overloads
        self, method: str, url: str, redirect: bool = True, **more: Any
    ) -> urllib3.BaseHTTPResponse:
        parts = urlsplit(url)
        body = more.get("body") or b""
        answer = self._company.handle(
            method=method,
            path=parts.path,
            query=parts.query,
            headers={name.lower(): value for name, value in (more.get("headers") or {}).items()},
            body=body.encode() if isinstance(body, str) else body,
        )
        return urllib3.HTTPResponse(body=BytesIO(answer.body), headers=dict(answer.headers), status=answer.status)
