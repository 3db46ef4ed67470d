"""Random configuration files that are right, and what could be wrong with each of their lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from agents.configuration.toml_text import toml_key, toml_value
from agents.setting_changes import is_whole
from agents.setting_ranges import ALL_RANGES, ALL_SETTINGS, SETTING_OF, Choice

Block = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a file: the table that it belongs to, and its key; "" for the head of the table."""

    table: str
    key: str
    text: str


_NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=8) | st.just(
    "sealed:x"
)
_SLUGS = st.text("abcXYZ019-_", min_size=1, max_size=6)
_COUNTS = st.one_of(st.none(), st.integers(1, 2_147_483_647))
_SECRETS = st.sampled_from(["", "env:SOME_KEY", "file:/run/secrets/key", "sk-canary-1", "sk-canary-2"])
_URLS = st.sampled_from(["", "https://gate.example.com/v1", "https://api.example.com:8443"])
_HEADERS = st.dictionaries(
    st.sampled_from(["x-team", "X-Cost.Centre", "anthropic-beta"]),
    st.sampled_from(["payments", 'a "b" \\c', "1"]),
    max_size=3,
)
_OAUTH2 = st.fixed_dictionaries(
    {
        "token_url": st.just("https://idp.example.com/token"),
        "client_id": _NAMES,
        "client_secret": _SECRETS.filter(bool),
    },
    optional={"scope": _NAMES, "audience": _NAMES, "client_auth": st.sampled_from(["basic", "body"])},
)
_TOGETHER = st.fixed_dictionaries({"requests_per_minute": _COUNTS, "tokens_per_minute": _COUNTS})
_APART = st.fixed_dictionaries({"input_tokens_per_minute": _COUNTS, "output_tokens_per_minute": _COUNTS})
_LIMITS = st.one_of(_TOGETHER, _APART)
_BURSTS = st.integers(1, 60)


def _some(values: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict(values))


_PACING = _some(
    {
        "concurrent_calls": _COUNTS,
        "token_burst_seconds": _BURSTS,
        "request_burst_seconds": _BURSTS,
        "patience_seconds": _COUNTS,
    }
)

_PROVIDER = _some(
    {
        "name": _NAMES,
        "base_url": _URLS,
        "api_key": _SECRETS,
        "headers": _HEADERS,
        "enabled": st.booleans(),
        "position": st.integers(0, 50),
    }
)


_CAPABILITIES = {
    "temperature": st.sampled_from(["none", "default_only", "range"]),
    "temperature_max": st.sampled_from([0.0, 1.0, 2.0]),
    "max_input_tokens": st.integers(1, 2_147_483_647),
    "token_parameter": st.sampled_from(["max_tokens", "max_completion_tokens"]),
    "tools_api": st.sampled_from(["chat", "responses", "chat_if_effort_none"]),
    "forced_tool_choice": st.booleans(),
    "thinking": st.sampled_from(["none", "opt_in", "default_on", "always"]),
    "efforts": st.lists(st.sampled_from(["none", "low", "high", "max"]), unique=True),
    "default_effort": st.sampled_from(["low", "high"]),
    "binds_thinking": st.booleans(),
    "cache": st.sampled_from(["none", "automatic", "marked"]),
    "cache_minimum": st.integers(1, 10_000),
    "encoding": st.sampled_from(["o200k_base", "cl100k_base"]),
    "token_factor": st.floats(0.1, 10),
    "retires": st.sampled_from(["2027-01-14", "2030-12-31"]),
}


@st.composite
def _models(draw: st.DrawFn, pools: list[str]) -> list[dict[str, Any]]:
    optional = _some(
        {
            "name": _NAMES,
            "pool": st.sampled_from(["", *pools]),
            "enabled": st.booleans(),
            "position": st.integers(0, 5),
        }
    )
    return [
        {
            "id": id,
            "wire": draw(st.sampled_from(["anthropic_messages", "openai_chat"])),
            "context_window": draw(st.integers(2_000_000, 2_147_483_647)),
            "max_output_tokens": draw(st.integers(1_000_000, 2_147_483_647)),
            **draw(optional),
        }
        for id in draw(st.lists(_NAMES, unique=True, max_size=3))
    ]


def _value_of(name: Any) -> st.SearchStrategy[Any]:
    bounds = SETTING_OF[name]
    if isinstance(bounds, Choice):
        return st.sampled_from(["", *bounds.words])
    if is_whole(bounds):
        return st.integers(int(bounds.minimum), int(bounds.maximum))
    return st.floats(bounds.minimum, bounds.maximum) | st.integers(0, 2)


@st.composite
def files(draw: st.DrawFn) -> list[Line]:
    """Settings and rules never speak of the same setting, so that no value is outside of its rule."""
    lines: list[Line] = []
    models: list[tuple[str, str]] = []
    for slug in draw(st.lists(_SLUGS, unique=True, min_size=1, max_size=3)):
        kind = draw(st.sampled_from(["anthropic", "openai", "openai_compatible", "sandbox"]))
        lines += _table("[[provider]]", {"slug": slug, "kind": kind, **draw(_PROVIDER)})
        if oauth2 := draw(st.none() | _OAUTH2):
            lines += _table("[provider.oauth2]", oauth2)
        pools = draw(st.lists(_NAMES, unique=True, max_size=2))
        for pool in pools:
            lines += _table("[[provider.pool]]", {"name": pool, **draw(_LIMITS), **draw(_PACING)})
        for model in draw(_models(pools)):
            lines += _table("[[provider.model]]", model)
            if draw(st.booleans()):
                lines += _table("[provider.model.capabilities]", draw(_some(_CAPABILITIES)))
            models.append((slug, model["id"]))
    names = draw(st.permutations([one.name for one in ALL_SETTINGS]))
    split = draw(st.integers(0, len(names)))
    for slug, id in draw(st.lists(st.sampled_from(models), unique=True)) if models else []:
        settings = draw(_some({name: _value_of(name) for name in names[:split]}))
        lines += _table("[[agent_config]]", {"provider": slug, "model": id, **settings})
    for name in names[split:]:
        where = draw(st.sampled_from([None, *models]))
        of_model = {"provider": where[0], "model": where[1]} if where else {}
        lines += _table("[[setting_rule]]", {"setting": name, **of_model, **draw(_rules(name))})
    return lines


def _rules(name: str) -> st.SearchStrategy[dict[str, Any]]:
    if name == "effort":
        return st.booleans().map(lambda locked: {"locked": locked})
    ends = st.tuples(_value_of(name), _value_of(name)).map(sorted)
    ranges = ends.map(lambda pair: {"minimum": pair[0], "maximum": pair[1]})
    return st.tuples(st.booleans(), st.just({}) | ranges).map(lambda both: {"locked": both[0], **both[1]})


def _table(head: str, block: Block) -> list[Line]:
    pairs = ((key, value) for key, value in block.items() if value is not None)
    keys = [Line(table=head, key=key, text=f"{toml_key(key)} = {toml_value(value)}") for key, value in pairs]
    return [Line(table=head, key="", text=head), *keys]


def text_of(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines) + "\n"


_ANY_NUMBER = ["-1", "true", '"8192"', "1.5", "nan", "inf", "1e3", "2147483648", "[]", "2026-11-22", "\u0661\u0662"]
_WRONG: dict[str, list[str]] = {
    "slug": ['""', '"a b"', '"\u0661"', "5"],
    "kind": ['"azure"', '""', "5"],
    "name": ['""', '" x"', '"a\\nb"', "5", "true"],
    "id": ['""', '"x "', "5"],
    "base_url": ['"ftp://x.example"', '"http://api.example.com"', '"https://10.0.0.1"', "5"],
    "api_key": ['"env:"', '"file:"', '"two words"', '"sealed:x"', "5"],
    "headers": ['"x"', '{ authorization = "x" }', "{ x-a = 1 }"],
    "token_url": ['""', '"x"'],
    "client_id": ['""'],
    "client_secret": ['""', '"env:1"'],
    "client_auth": ['"jwt"'],
    "enabled": ["1", '"true"', '""'],
    "locked": ["1", '"true"'],
    "wire": ['"grpc"'],
    "pool": ['"no such pool"'],
    "provider": ['"no-such-provider"', "5"],
    "model": ['"no such model"', "5"],
    "setting": ['"top_p"'],
    "effort": ['"High"', '"highest"', '" "', "5", "true", "[]"],
    "temperature": ["-0.1", "2.1", "nan", "true", '"0.7"', "1e3"],
    "position": _ANY_NUMBER,
    "tools_api": ['"grpc"', "true", "5"],
    "efforts": ['"low"', '["extreme"]', "[1]", "5"],
    "binds_thinking": ["1", '"true"'],
    "cache_minimum": ["0", "-1", "1.5", '"1024"'],
    "token_factor": ["0", "11", "nan", "true", '"1.5"'],
    "retires": ['"tomorrow"', "5", "true"],
    "context_window": ["0", *_ANY_NUMBER],
    **{bounds.name: _ANY_NUMBER for bounds in ALL_RANGES if is_whole(bounds)},
    **{f"{what}_per_minute": ["0", *_ANY_NUMBER] for what in ("requests", "tokens", "input_tokens", "output_tokens")},
    **{name: ["0", *_ANY_NUMBER] for name in ("concurrent_calls", "patience_seconds")},
    **{f"{what}_burst_seconds": ["0", "61", *_ANY_NUMBER] for what in ("token", "request")},
}


@st.composite
def spoiled_files(draw: st.DrawFn) -> tuple[str, int]:
    """A file with one mistake, and the line where it stands."""
    lines = draw(files())
    number = draw(st.integers(0, len(lines) - 1))
    line = lines[number]
    texts = [line.text for line in lines]
    if line.key in _WRONG and draw(st.booleans()):
        texts[number] = f"{line.key} = {draw(st.sampled_from(_WRONG[line.key]))}"
        return "\n".join(texts), number + 1
    if draw(st.booleans()):
        texts.insert(
            number + 1,
            draw(st.sampled_from(["unknown = 1", "'api key' = 'canary'", "no value =", "= 1", "x = canary"])),
        )
        return "\n".join(texts), number + 2
    texts[number] += " ]]"
    return "\n".join(texts), number + 1
