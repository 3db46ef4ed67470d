"""What may be typed as the address of an MCP server: as a provider's, and it may have a query that chooses tools."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from agents.egress.addresses import address_fault

_QUERY = re.compile(r"[A-Za-z0-9._~!$'()*+,;:@/?%=&-]{1,300}")
_SECRET_WORDS = {"apikey", "auth", "code", "credential", "credentials", "key", "password", "secret", "sig", "token"}


def url_fault(url: str) -> str:
    """What is wrong with it, "" if nothing is. Never repeats it: it may hold a password."""
    base, mark, query = url.partition("?")
    if fault := address_fault(base):
        return fault
    if mark and not _QUERY.fullmatch(query):
        return "has a query with characters that none has; write toolsets=core,apm"
    names = {word for name, _ in parse_qsl(query) for word in re.split("[-_.]", name.lower())}
    if names & _SECRET_WORDS:
        return "must not hold a secret: every admin can read it; put the key into a header"
    return ""
