"""A table of a dumped file, as lines. A secret is in it as a reference only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agents.configuration.fields import KEEP
from agents.configuration.toml_text import toml_value
from agents.secrets import is_sealed

# Anything else may begin with the same word by chance.
_SECRETS = ("api_key", "application_key", "client_secret")
_OAUTH2 = ("token_url", "client_id", "client_secret", "scope", "audience", "client_auth")


def block(head: str, values: Mapping[str, object]) -> list[str]:
    return [head, *_lines(values.items())]


def oauth2_of(row: Mapping[str, object]) -> dict[str, object]:
    """The table of credentials that are there."""
    return {name: row[name] for name in _OAUTH2}


def no_oauth2(row: Mapping[str, object]) -> dict[str, object]:
    """What says that there are none."""
    return {} if row else {"oauth2": {}}


def _lines(pairs: Iterable[tuple[str, object]]) -> Iterator[str]:
    for name, value in pairs:
        if name in _SECRETS and is_sealed(str(value)):
            yield f'{name} = "{KEEP}"  # stored encrypted'
        else:
            yield f"{name} = {toml_value(value)}"
