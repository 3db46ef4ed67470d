"""The kinds of values that a configuration file holds, checked strictly: no number in quotes, no text for true."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from agents.egress.addresses import address_fault
from agents.models import MOST_BURST_SECONDS
from agents.secrets import is_outside

KEEP = "keep:"
"""Stands for a secret that is stored already and stays as it is."""

MOST_TEXT = 20_000
"""Characters of instructions: ten times what a good agent needs. The warning about tokens comes long before."""

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,64}")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY = re.compile(r"[!-~]{1,8192}")
_RESERVED = ("env", "file", "keep", "sealed")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # RFC 9110, section 5.1
_HEADER_VALUE = re.compile(r"[!-~]([ -~]{0,998}[!-~])?")
_SECRET_HEADERS = {"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"}
_SECRET_WORDS = {"apikey", "auth", "credential", "credentials", "key", "password", "secret", "token"}
_CONNECTION_HEADERS = {
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_NOT_IN_A_LINE = {"Cc", "Cs", "Zl", "Zp"}  # Unicode: control characters, surrogates, separators of lines


def one_of(values: Sequence[str]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in values:
            raise ValueError(f"must be one of {', '.join(values)}")
        return value

    return AfterValidator(check)


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise ValueError("must be 1 to 64 letters, digits, hyphens or underscores")
    return text


def _line(text: str) -> str:
    if text != text.strip() or any(unicodedata.category(character) in _NOT_IN_A_LINE for character in text):
        raise ValueError("must be one line of text, without spaces around it")
    return text


def _whole(value: object) -> object:
    """Before anything else looks at it: what is no text is told by its type."""
    if isinstance(value, str) and any(unicodedata.category(character) == "Cs" for character in value):
        raise ValueError("must not hold half of a surrogate pair")
    return value


def plain_text(text: str) -> str:
    """Lines end in \\n, whatever sent them."""
    plain = text.replace("\r\n", "\n").strip()
    wrong = next((one for one in plain if unicodedata.category(one) == "Cc" and one not in "\n\t"), None)
    if wrong is not None:
        raise ValueError(f"must not hold the control character U+{ord(wrong):04X}")
    return plain


def _address(url: str) -> str:
    fault = address_fault(url) if url else ""
    if fault:
        raise ValueError(fault)
    return url


def _secret(entered: SecretStr) -> SecretStr:
    fault = _secret_fault(entered.get_secret_value())
    if fault:
        raise ValueError(fault)
    return entered


def _secret_fault(text: str) -> str:
    kind, colon, place = text.partition(":")
    if text in ("", KEEP):
        return ""
    if kind == "env" and colon:
        return "" if _ENV_NAME.fullmatch(place) else "must name an environment variable: env:NAME"
    if kind == "file" and colon:
        return "" if place.strip() and place.isprintable() else "must name a file: file:PATH"
    if kind.lower() in _RESERVED and colon:
        return f"must be env:NAME, file:PATH, {KEEP} or the secret itself"
    return "" if _KEY.fullmatch(text) else "must be printable ASCII without spaces"


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("is not the name of a header")
    if name.lower() in _SECRET_HEADERS:
        raise ValueError("would hold a secret, and headers are shown to every admin; write api_key instead")
    if name.lower() in _CONNECTION_HEADERS:
        raise ValueError("belongs to the connection and cannot be set")
    return name


def _header_value(value: str) -> str:
    if is_outside(value) and (fault := _secret_fault(value)):
        raise ValueError(fault)
    if not _HEADER_VALUE.fullmatch(value):
        raise ValueError("must be 1 to 1,000 printable ASCII characters, without spaces around them")
    return value


def _no_plain_secret(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if _SECRET_WORDS & set(re.split("[-_.]", name.lower())) and not is_outside(value):
            raise ValueError(
                f"names {name}, which looks like a secret: every admin can read headers, so write env:NAME or "
                "file:PATH for its value"
            )
    return headers


def _each_once(headers: Mapping[str, str]) -> Mapping[str, str]:
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("names a header twice: upper and lower case are the same here")
    return headers


Slug = Annotated[str, AfterValidator(_slug)]
Line = Annotated[str, Field(max_length=200), AfterValidator(_line)]
FilledLine = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_line)]
Text = Annotated[str, Field(max_length=MOST_TEXT), BeforeValidator(_whole), AfterValidator(plain_text)]
"""Of many lines."""

PoolName = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_line)]
ModelId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
Address = Annotated[str, AfterValidator(_address)]
FilledAddress = Annotated[str, Field(min_length=1), AfterValidator(_address)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
FilledSecret = Annotated[SecretStr, Field(min_length=1), AfterValidator(_secret)]
"""env:NAME, file:PATH, keep:, the secret itself, or "" for none."""

Headers = Annotated[
    dict[Annotated[str, AfterValidator(_header_name)], Annotated[str, AfterValidator(_header_value)]],
    AfterValidator(_each_once),
    AfterValidator(_no_plain_secret),
]
Count = Annotated[int, Field(ge=1, le=2_147_483_647)]
BurstSeconds = Annotated[int, Field(ge=1, le=MOST_BURST_SECONDS)]
Position = Annotated[int, Field(ge=0, le=2_147_483_647)]
