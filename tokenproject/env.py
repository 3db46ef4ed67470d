"""The environment, read once and refused loudly when it holds nonsense.

Every variable has a safe default. A twin with the suffix `_FILE` names a file that holds the value (a mounted secret).
Keys that nobody set are generated once and kept under `var/keys/`, readable by their owner only.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from tokenproject.kept_keys import KeyNotKept, kept_key
from tokenproject.private_places import private_place


class BadEnvironment(Exception):
    """The process cannot start with this environment; the message names each variable and what it must be."""


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


CommaSeparated = Annotated[list[str], BeforeValidator(_split)]


class Environment(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    secret_key: str = Field(default="", alias="SECRET_KEY")
    encryption_keys: CommaSeparated = Field(default=[], alias="ENCRYPTION_KEYS")
    debug: bool = Field(default=False, alias="DEBUG")
    allowed_hosts: CommaSeparated = Field(default=["localhost", "127.0.0.1", "[::1]"], alias="ALLOWED_HOSTS")
    allowed_origins: CommaSeparated = Field(default=[], alias="ALLOWED_ORIGINS")
    database_url: str = Field(default="", alias="DATABASE_URL")
    anthropic_api_key: str = Field(default="", alias="ANTHROPIC_API_KEY")
    openai_api_key: str = Field(default="", alias="OPENAI_API_KEY")
    egress_allow_private: CommaSeparated = Field(default=[], alias="EGRESS_ALLOW_PRIVATE")
    run_turns: Literal["inline"] = Field(default="inline", alias="RUN_TURNS")
    """Turns run in the server's own processes; separate workers are not there yet, and asking for them is refused."""
    approval_seconds: int = Field(default=600, alias="APPROVAL_SECONDS", ge=10, le=86_400)
    """How long a person is waited for who is to allow what a tool wants to change."""
    tool_timeout: float = Field(default=60.0, alias="TOOL_TIMEOUT", ge=1, le=3_600, allow_inf_nan=False)
    """Seconds after which any tool of an agent is stopped; many stop earlier by themselves."""
    var_dir: Path = Field(default=Path("var"), alias="VAR_DIR")
    host: str = Field(default="127.0.0.1", alias="HOST", pattern=r"^[A-Za-z0-9.:_-]+$")
    port: int = Field(default=8000, alias="PORT", ge=1, le=65535)

    @field_validator("allowed_origins")
    @classmethod
    def _origins_are_exact(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            parts = urlsplit(origin)
            if (
                parts.scheme not in ("http", "https")
                or not parts.netloc
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError(
                    f"{origin!r} is not an origin; write scheme://host[:port], for example https://chat.example.com"
                )
        return origins

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, hosts: list[str]) -> list[str]:
        for host in hosts:
            if "/" in host or (":" in host and not (host.startswith("[") and host.endswith("]"))):
                raise ValueError(f"{host!r} is not a host name; write it without scheme and port")
        return hosts

    @field_validator("egress_allow_private")
    @classmethod
    def _private_places_are_hosts_or_ranges(cls, places: list[str]) -> list[str]:
        return [private_place(place) for place in places]

    @field_validator("encryption_keys")
    @classmethod
    def _keys_are_fernet_keys(cls, keys: list[str]) -> list[str]:
        for number, key in enumerate(keys, start=1):
            if not _is_fernet_key(key):
                raise ValueError(f"key {number} is not a Fernet key (32 bytes, URL-safe base64)")
        return keys

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in ("sqlite", "postgres", "postgresql"):
            raise ValueError("must begin with sqlite:// or postgres://")
        return url


def read(environ: Mapping[str, str], *, base_dir: Path) -> Environment:
    """The validated environment with its keys in place. BadEnvironment lists every fault at once."""
    try:
        environment = Environment.model_validate(_with_files(environ))
    except ValidationError as error:
        raise BadEnvironment("the environment cannot be used:\n  " + "\n  ".join(_lines(error))) from None
    var_dir = base_dir / environment.var_dir
    changes: dict[str, Any] = {"var_dir": var_dir, "allowed_hosts": _answered_hosts(environment)}
    try:
        var_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not environment.secret_key:
            changes["secret_key"] = _kept_secret_key(var_dir)
        if not environment.encryption_keys:
            changes["encryption_keys"] = [_kept_encryption_key(var_dir)]
    except OSError as error:
        raise BadEnvironment(f"cannot make the folder {var_dir}: {error.strerror}. Set VAR_DIR to another.") from None
    except KeyNotKept as error:
        raise BadEnvironment(str(error)) from None
    return environment.model_copy(update=changes)


def _lines(error: ValidationError) -> list[str]:
    faults = ((".".join(str(part) for part in item["loc"][:1]), item["msg"]) for item in error.errors())
    return [f"{name}: {message}".removeprefix(": ").replace("Value error, ", "") for name, message in faults]


def _with_files(environ: Mapping[str, str]) -> dict[str, str]:
    values = {name: value for name, value in environ.items() if value != ""}
    for field in Environment.model_fields.values():
        name = str(field.alias)
        path = values.get(f"{name}_FILE")
        if path is None:
            continue
        if name in values:
            raise BadEnvironment(f"both {name} and {name}_FILE are set; keep one of them")
        try:
            values[name] = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadEnvironment(f"{name}_FILE: cannot read {path}: {error}") from None
    return values


def _kept_secret_key(var_dir: Path) -> str:
    return kept_key(var_dir / "keys" / "secret_key", make=lambda: secrets.token_urlsafe(50), check=bool)


def _kept_encryption_key(var_dir: Path) -> str:
    return kept_key(
        var_dir / "keys" / "encryption_key", make=lambda: Fernet.generate_key().decode(), check=_is_fernet_key
    )


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _answered_hosts(environment: Environment) -> list[str]:
    """Whoever names an address to listen on wants it answered, too. Of a wildcard we cannot know the names."""
    hosts = environment.allowed_hosts
    own = f"[{environment.host}]" if ":" in environment.host else environment.host
    if "allowed_hosts" in environment.model_fields_set or own in (*hosts, "0.0.0.0", "[::]"):  # noqa: S104
        return hosts
    return [*hosts, own]
