from __future__ import annotations

from agents.concealment import conceal_in, concealing
from agents.llm.errors import ProviderAuth

SECRETS = ["canary-key-1", "canary-key-1-and-more", "none", ""]
conceal = concealing(lambda: SECRETS)


def test_every_secret_is_cut_out_the_longest_first() -> None:
    assert conceal("a canary-key-1 b canary-key-1-and-more c") == "a [secret] b [secret] c"


def test_a_placeholder_is_no_secret() -> None:
    assert conceal("none of it") == "none of it"


def test_secrets_are_asked_for_anew() -> None:
    now: list[str] = []
    of_now = concealing(lambda: now)
    assert of_now("new-canary-token") == "new-canary-token"
    now.append("new-canary-token")
    assert of_now("new-canary-token") == "[secret]"


def test_an_error_loses_them_everywhere() -> None:
    error = ProviderAuth("no canary-key-1", detail="HTTP 401 canary-key-1", params={"provider": "p"})
    error.__cause__ = ValueError("canary-key-1")
    conceal_in(error, conceal=conceal)
    assert (error.message, error.detail, str(error)) == ("no [secret]", "HTTP 401 [secret]", "no [secret]")
    assert error.__cause__ is None


def test_a_cause_without_a_secret_stays() -> None:
    error = ProviderAuth("no")
    error.__cause__ = cause = ValueError("timeout")
    cause.__cause__ = KeyError("canary-key-1")
    conceal_in(error, conceal=conceal)
    assert error.__cause__ is cause
    assert cause.__cause__ is None
