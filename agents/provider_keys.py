"""The secrets that a provider row refers to. A row holds references to them (see `secrets`), never a secret itself."""

from __future__ import annotations

from agents import secrets
from agents.llm.errors import ConfigInvalid
from agents.models import Provider
from agents.secrets import SecretUnreadable, is_outside


def provider_key(provider: Provider) -> str:
    """The API key, "" where the provider has none. SecretUnreadable if it is stored but no encryption key opens it."""
    return _read(provider, provider.api_key) if provider.auth == Provider.Auth.API_KEY else ""


def client_secret(provider: Provider) -> str:
    """The secret of the OAuth2 client, "" where the provider has none. SecretUnreadable, as above."""
    return _read(provider, provider.oauth2.get("client_secret", "")) if provider.auth == Provider.Auth.OAUTH2 else ""


def header_values(provider: Provider) -> dict[str, str]:
    """What is sent with every call. ConfigInvalid where a header refers to a secret that is not there."""
    return {**provider.headers, **secret_headers(provider)}


def secret_headers(provider: Provider) -> dict[str, str]:
    """The headers whose values the row only refers to (env:NAME, file:PATH), with their values. ConfigInvalid."""
    references = {name: value for name, value in provider.headers.items() if is_outside(value)}
    values = {name: secrets.read(reference) for name, reference in references.items()}
    for name, value in values.items():
        if not value.isascii() or not value.isprintable() or not value:
            raise ConfigInvalid(
                f"The header {name} of {provider} refers to {references[name]}, which holds nothing that can be sent, "
                "so nothing was sent. Your message is kept; choose another model, or ask an admin to set it."
            )
    return values


def has_credentials(provider: Provider) -> bool:
    """Whether a call could be signed. Sandbox and keyless gateways need nothing."""
    try:
        match provider.auth:
            case Provider.Auth.API_KEY:
                return provider_key(provider) != ""
            case Provider.Auth.OAUTH2:
                return client_secret(provider) != ""
            case _:
                return True
    except SecretUnreadable:
        return False


def _read(provider: Provider, reference: str) -> str:
    if not reference:
        return ""
    try:
        return secrets.read(reference)
    except SecretUnreadable:
        raise SecretUnreadable(
            f"The key of {provider} is stored, but was encrypted with a key that this server no longer has, so nothing "
            "was sent. Your message is kept; choose another model, or ask an admin to re-enter the key."
        ) from None
