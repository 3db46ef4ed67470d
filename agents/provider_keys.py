"""The key that a provider row refers to. A row holds a reference to it (see `secrets`), never the key itself."""

from __future__ import annotations

from agents import secrets
from agents.models import Provider
from agents.secrets import SecretUnreadable


def provider_key(provider: Provider) -> str:
    """The key, "" where the provider has none. SecretUnreadable if it is stored but no encryption key opens it."""
    if provider.auth != Provider.Auth.API_KEY or not provider.api_key:
        return ""
    try:
        return secrets.read(provider.api_key)
    except SecretUnreadable:
        raise SecretUnreadable(
            f"The key of {provider} is stored, but was encrypted with a key that this server no longer has, so nothing "
            "was sent. Your message is kept; choose another model, or ask an admin to re-enter the key."
        ) from None


def has_credentials(provider: Provider) -> bool:
    """Whether a call could be signed. Sandbox and keyless gateways need nothing."""
    if provider.auth == Provider.Auth.NONE:
        return True
    try:
        return provider_key(provider) != ""
    except SecretUnreadable:
        return False
