"""OAuth2 client credentials as a file says them, for every block that has a table `oauth2`."""

from __future__ import annotations

from typing import Annotated

from agents.configuration.block import Block
from agents.configuration.fields import FilledAddress, FilledLine, FilledSecret, Line, one_of


class OAuth2Block(Block):
    token_url: FilledAddress
    client_id: FilledLine
    client_secret: FilledSecret
    scope: Line = ""
    audience: Line = ""
    client_auth: Annotated[str, one_of(["basic", "body"])] = "basic"


def none_if_empty(value: object) -> object:
    """An empty table takes away what is there."""
    return None if value == {} else value
