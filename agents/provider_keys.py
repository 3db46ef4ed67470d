"""The key that a provider row refers to. A row holds a reference (`env:NAME`, `file:PATH`), never the key itself."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

from agents.models import Provider

# Read by the settings, which know the `_FILE` twins of these names, too.
_IN_SETTINGS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")


def provider_key(provider: Provider) -> str:
    """The key, "" where the provider has none. Looked up anew each time, so that a mounted file may be replaced."""
    if provider.auth != Provider.Auth.API_KEY:
        return ""
    kind, _, place = provider.api_key.partition(":")
    if kind == "file":
        return _content(Path(place))
    if place in _IN_SETTINGS:
        return str(getattr(settings, place))
    return os.environ.get(place, "")


def has_credentials(provider: Provider) -> bool:
    """Whether a call could be signed. Sandbox and keyless gateways need nothing."""
    return provider.auth == Provider.Auth.NONE or provider_key(provider) != ""


def _content(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
