"""What the file alone shows: each mistake is told with its line, and never with the value."""

from __future__ import annotations

import pytest

from tests.agents.configuration.files import GATEWAY, mistakes

PROVIDER = '[[provider]]\nslug = "p"\nkind = "openai"\n'
MODEL = PROVIDER + '[[provider.model]]\nid = "m"\n'
POOL = PROVIDER + '[[provider.pool]]\nname = "pool"\n'
OAUTH2 = PROVIDER + '[provider.oauth2]\ntoken_url = "https://idp.example.com/token"\nclient_id = "c"\n'
CONFIG = '[[agent_config]]\nprovider = "p"\nmodel = "m"\n'
RULE = '[[setting_rule]]\nsetting = "max_output_tokens"\n'
ARABIC = "\u0661\u0662\u0663\u0664"


def test_a_good_file_has_none() -> None:
    assert mistakes(GATEWAY) == []
    assert mistakes("") == []
    assert mistakes(OAUTH2 + 'client_secret = "env:SECRET"\nclient_auth = "body"\n') == []
    assert mistakes(CONFIG + "temperature = 1\n") == []


@pytest.mark.parametrize(
    "value", ['"8192"', "true", "8192.0", "1e3", "nan", "inf", "-1", "999", "100001", "[]", "{}", "2026-11-22", "0"]
)
def test_a_whole_setting_is_a_whole_number_of_its_range(value: str) -> None:
    told = mistakes(f"{CONFIG}max_output_tokens = {value}\n")
    assert told == ["line 4: max_output_tokens must be a whole number from 1,000 to 100,000"]


@pytest.mark.parametrize("value", ['"0.7"', "false", "nan", "inf", "-inf", "-0.1", "2.1", "3", "[0.7]", "07:30:00"])
def test_a_temperature_is_a_number_of_its_range(value: str) -> None:
    told = mistakes(f"{CONFIG}temperature = {value}\n")
    assert told == ["line 4: temperature must be a number from 0.0 to 2.0"]


@pytest.mark.parametrize(
    ("setting", "low", "high"),
    [
        ("max_iterations", 0, 26),
        ("last_messages", -1, 201),
        ("max_age_minutes", -1, 10_081),
        ("context_token_limit", 999, 2_000_001),
        ("response_token_limit", -1, 1_000_001),
    ],
)
def test_one_beyond_either_end_is_refused_and_the_ends_are_not(setting: str, low: int, high: int) -> None:
    for value in (low, high):
        assert [line.split(" must ")[0] for line in mistakes(f"{CONFIG}{setting} = {value}\n")] == [
            f"line 4: {setting}"
        ]
    for value in (low + 1, high - 1):
        assert mistakes(f"{CONFIG}{setting} = {value}\n") == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PROVIDER + "name = 5\n", "line 4: name must be text in quotes"),
        (PROVIDER + 'name = ""\n', "line 4: name must not be empty"),
        (PROVIDER + 'name = " x"\n', "line 4: name must be one line of text, without spaces around it"),
        (PROVIDER + 'name = "a\\u0007b"\n', "line 4: name must be one line of text, without spaces around it"),
        (PROVIDER + f'name = "{"x" * 101}"\n', "line 4: name must have at most 100 characters"),
        (PROVIDER + 'enabled = "yes"\n', "line 4: enabled must be true or false"),
        (PROVIDER + "enabled = 1\n", "line 4: enabled must be true or false"),
        (PROVIDER + "position = -1\n", "line 4: position must be 0 or more"),
        (PROVIDER + "position = true\n", "line 4: position must be a whole number"),
        (PROVIDER + 'auth = "token"\n', "line 4: auth must be one of none, api_key, oauth2"),
        (PROVIDER + 'base_url = "example.com"\n', "line 4: base_url is not an address; write https://host/path"),
        (PROVIDER + 'apikey = "canary"\n', "line 4: apikey is not a known key"),
        (PROVIDER + '"a\\nb" = 1\n', "line 4: 'a\\nb' is not a known key"),
        (PROVIDER + 'headers = "x"\n', "line 4: headers must be a table"),
        (PROVIDER + "headers = { x-a = 1 }\n", "line 4: x-a must be text in quotes"),
        (PROVIDER + 'headers = { "x a" = "1" }\n', "line 4: x a is not the name of a header"),
        (PROVIDER + 'headers = { host = "h" }\n', "line 4: host belongs to the connection and cannot be set"),
        (
            PROVIDER + 'headers = { Authorization = "Bearer canary" }\n',
            "line 4: Authorization would hold a secret, and headers are shown to every admin; write api_key instead",
        ),
        (
            PROVIDER + 'headers = { "ocp-apim-subscription-key" = "canary" }\n',
            "line 4: headers names ocp-apim-subscription-key, which looks like a secret: every admin can read headers, "
            "so write env:NAME or file:PATH for its value",
        ),
        (PROVIDER + 'headers = { x-a = "env:A B" }\n', "line 4: x-a must name an environment variable: env:NAME"),
        (
            PROVIDER + 'headers = { x-a = "1", X-A = "2" }\n',
            "line 4: headers names a header twice: upper and lower case are the same here",
        ),
        (
            PROVIDER + 'headers = { x-a = "canary\\r\\nx-b: 1" }\n',
            "line 4: x-a must be 1 to 1,000 printable ASCII characters, without spaces around them",
        ),
        (MODEL + "context_window = 0\n", "line 6: context_window must be 1 or more"),
        (MODEL + "max_output_tokens = 2147483648\n", "line 6: max_output_tokens must be 2147483647 or less"),
        (MODEL + 'context_window = "1000"\n', "line 6: context_window must be a whole number"),
        (MODEL + "context_window = 1e3\n", "line 6: context_window must be a whole number"),
        (MODEL + 'wire = "grpc"\n', "line 6: wire must be one of anthropic_messages, openai_chat, openai_responses"),
        (MODEL + '[[provider.model]]\nid = "m"\n', "line 7: id names a model that this provider has already"),
        (
            POOL + '[[provider.pool]]\nname = "pool"\n',
            "line 7: name names a pool that this provider has already",
        ),
        (POOL + "requests_per_minute = 1.5\n", "line 6: requests_per_minute must be a whole number"),
        (POOL + "requests_per_minute = true\n", "line 6: requests_per_minute must be a whole number"),
        (
            POOL + "input_tokens_per_minute = 5\ntokens_per_minute = 5\n",
            "line 7: tokens_per_minute counts input and output together: leave input_ and output_tokens_per_minute out",
        ),
        (POOL + "concurrent_calls = 0\n", "line 6: concurrent_calls must be 1 or more"),
        (POOL + "token_burst_seconds = 61\n", "line 6: token_burst_seconds must be 60 or less"),
        (POOL + "request_burst_seconds = 0.5\n", "line 6: request_burst_seconds must be a whole number"),
        (POOL + "patience_seconds = 0\n", "line 6: patience_seconds must be 1 or more"),
        (OAUTH2, "line 4: client_secret is missing"),
        (OAUTH2 + 'client_secret = ""\n', "line 7: client_secret must not be empty"),
        (OAUTH2 + 'client_secret = "s"\nclient_auth = "jwt"\n', "line 8: client_auth must be one of basic, body"),
        (
            OAUTH2.replace("https:", "") + 'client_secret = "s"\n',
            "line 5: token_url is not an address; write https://host/path",
        ),
        (PROVIDER + PROVIDER, "line 5: slug names a provider that stands in the file already"),
        ('[[provider]]\nkind = "openai"\n', "line 1: slug is missing"),
        ('[[provider]]\nslug = "p"\n', "line 1: kind is missing"),
        (
            '[[provider]]\nslug = "p"\nkind = "azure"\n',
            "line 3: kind must be one of anthropic, openai, openai_compatible, sandbox",
        ),
        (
            '[[provider]]\nslug = "a/b"\nkind = "openai"\n',
            "line 2: slug must be 1 to 64 letters, digits, hyphens or underscores",
        ),
        (
            f'[[provider]]\nslug = "{ARABIC}"\nkind = "openai"\n',
            "line 2: slug must be 1 to 64 letters, digits, hyphens or underscores",
        ),
        ('[provider]\nslug = "p"\n', "line 1: provider must be written in double brackets, once for each: [[...]]"),
        ("provider = [5]\n", "line 1: provider must be a table"),
        ("\n[server]\nport = 1\n", "line 2: server is not a known key"),
        (CONFIG + CONFIG, "line 6: model has an agent_config in the file already"),
        ('[[agent_config]]\nprovider = "p"\n', "line 1: model is missing"),
        (RULE + RULE, "line 4: setting has such a rule in the file already"),
        (RULE + 'provider = "p"\n', "line 1: model and provider stand together, or neither does"),
        (RULE + 'model = "m"\n', "line 3: model and provider stand together, or neither does"),
        (RULE + "minimum = 5000\nmaximum = 4999\n", "line 4: maximum must not be below the minimum"),
        (RULE + "maximum = nan\n", "line 3: maximum must be a whole number from 1,000 to 100,000"),
        (RULE + 'locked = "yes"\n', "line 3: locked must be true or false"),
    ],
)
def test_the_line_and_what_is_wrong_there(text: str, told: str) -> None:
    assert mistakes(text) == [told]


@pytest.mark.parametrize(
    "secret",
    [
        "env:",
        "env:MY KEY",
        "env:1",
        "file:",
        "file: ",
        "ENV:X",
        "sealed:canary",
        "keep:canary",
        "two words",
        "ключ",
        "a\\nb",
    ],
)
def test_a_secret_is_a_reference_or_a_plain_key(secret: str) -> None:
    (told,) = mistakes(f'{PROVIDER}api_key = "{secret}"\n')
    assert told.startswith("line 4: api_key must ")
    assert "canary" not in told


@pytest.mark.parametrize("secret", ["env:MY_KEY", "file:/run/secrets/key", "keep:", "sk-ant-api03-abc", "a:b", ""])
def test_good_secrets(secret: str) -> None:
    assert mistakes(f'{PROVIDER}api_key = "{secret}"\n') == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = canary\n", "line 1: is not TOML: Invalid value"),
        ('\n\na = "canary\n', "line 3: is not TOML: Illegal character '\\n'"),
        ('a = 1\nb = """canary\n', "line 3: is not TOML: Unterminated string (at end of document)"),
        ("a = 1\na = 2\n", "line 2: is not TOML: Cannot overwrite a value"),
        (f"{CONFIG}max_iterations = {ARABIC}\n", "line 4: is not TOML: Invalid value"),
    ],
)
def test_what_is_not_toml(text: str, told: str) -> None:
    assert mistakes(text) == [told]


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5_000])
def test_what_the_parser_cannot_bear(text: str) -> None:
    (told,) = mistakes(text)
    assert "nested too deeply" in told


def test_all_mistakes_are_told_at_once_by_line() -> None:
    told = mistakes('[[provider]]\nslug = 5\nkind = "x"\n[[agent_config]]\nmax_iterations = 26\n')
    assert [line.split(":")[0] for line in told] == ["line 2", "line 3", "line 4", "line 4", "line 5"]


def test_of_very_many_the_first_are_told() -> None:
    told = mistakes("".join(f"key_{number} = 1\n" for number in range(60)))
    assert len(told) == 51
    assert told[-1] == "... and 10 more"


def test_windows_line_ends_and_a_byte_order_mark_are_fine() -> None:
    text = ("\ufeff" + PROVIDER + "position = -1\n").replace("\n", "\r\n")
    assert mistakes(text) == ["line 4: position must be 0 or more"]
