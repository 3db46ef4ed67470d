"""`manage.py sandbox` as a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import anthropic
import httpx2
import openai
import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parents[4]


@contextmanager
def running(*arguments: str, lines: int = 3) -> Iterator[str]:
    """The command on a free port; what it said until it listened."""
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield "".join(process.stdout.readline() for _ in range(lines))
        finally:
            process.terminate()


def test_it_tells_its_base_urls_and_both_sdks_reach_it() -> None:
    with running() as said:
        urls = dict(re.findall(r"(Anthropic|OpenAI) SDK +(http://127\.0\.0\.1:\d+\S*) ", said))
        claude = anthropic.Anthropic(auth_token="any", base_url=urls["Anthropic"], max_retries=0)
        messages = [anthropic.types.UserMessageParam(role="user", content="echo hi")]
        reply = claude.messages.create(model="sandbox-claude", max_tokens=50, messages=messages)
        assert [block.text for block in reply.content if block.type == "text"] == ["hi"]
        gpt = openai.OpenAI(api_key="any", base_url=urls["OpenAI"], max_retries=0)
        completion = gpt.chat.completions.create(model="sandbox-gpt", messages=[{"role": "user", "content": "echo hi"}])
        assert completion.choices[0].message.content == "hi"
    assert "no AI" in said
    assert "sandbox-claude" in said


def test_with_oauth2_it_wants_a_token_of_its_own() -> None:
    with running("--oauth2", "me:a:secret", "--oauth2-lifetime", "60", lines=4) as said:
        url = re.findall(r"Token URL +(http://\S+)", said)[0]
        form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "a:secret"}
        reply = httpx2.post(url, data=form, trust_env=False).json()
        assert reply["expires_in"] == 60
        gpt_url = re.findall(r"OpenAI SDK +(http://\S+)", said)[0]
        with pytest.raises(openai.AuthenticationError):
            openai.OpenAI(api_key="any", base_url=gpt_url, max_retries=0).models.list()
        assert openai.OpenAI(api_key=reply["access_token"], base_url=gpt_url, max_retries=0).models.list().data
    assert "OAuth2 tokens only" in said


@pytest.mark.parametrize("half", ["me", "me:", ":secret"])
def test_half_an_oauth2_client_is_refused(half: str) -> None:
    with pytest.raises(CommandError, match="ID:SECRET"):
        call_command("sandbox", "--port", "0", "--oauth2", half)


def test_it_plays_a_scenario(tmp_path: Path) -> None:
    scenario = tmp_path / "weather.toml"
    scenario.write_text('[[rule]]\nmatch.contains = "weather"\nthen.say = "It rains."\n')
    with running("--scenario", str(scenario)) as said:
        url = re.findall(r"OpenAI SDK +(http://127\.0\.0\.1:\d+\S*) ", said)[0]
        gpt = openai.OpenAI(api_key="any", base_url=url, max_retries=0)
        assert gpt.responses.create(model="gpt-6-sol", input="The weather?").output_text == "It rains."


def test_a_wrong_scenario_serves_nothing_and_says_where(tmp_path: Path) -> None:
    scenario = tmp_path / "wrong.toml"
    scenario.write_text("[[rule]]\nthen.fault = 'gremlins'\n")
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", "--scenario", str(scenario)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "wrong.toml: rule 1, then.fault: Input should be" in done.stderr
    assert "Traceback" not in done.stderr


CLIENT = """
import sys, anthropic
claude = anthropic.Anthropic(api_key="one", base_url=sys.argv[1], max_retries=0)
refused = 0
for _ in range(20):
    try:
        claude.messages.create(
            model="claude-sonnet-4-6", max_tokens=9, messages=[{"role": "user", "content": "echo hi"}]
        )
    except anthropic.RateLimitError:
        refused += 1
print(refused)
"""
LIMITS = "[[pool]]\nkind = 'anthropic'\nname = 'few'\nmodels = ['claude-*']\n"


def test_processes_with_one_key_share_its_limits_and_the_judge_counts_what_they_saw(tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text(LIMITS + "requests = 15\n")
    with running("--limits", str(limits)) as said, ThreadPoolExecutor() as threads:
        url = re.findall(r"Anthropic SDK +(http://127\.0\.0\.1:\d+)", said)[0]
        refused = sum(threads.map(lambda _: int(_printed(CLIENT, url)), range(2)))
        headers = {"authorization": "Bearer one"}
        few = httpx2.get(f"{url}/sandbox/account", headers=headers, trust_env=False).json()["pools"][0]
    assert few["admitted"] >= 15
    assert (few["admitted"] + few["rate_limited"], few["refused"]) == (40, {"requests": refused})


def _printed(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_wrong_limits_serve_nothing_and_say_where(tmp_path: Path) -> None:
    limits = tmp_path / "wrong.toml"
    limits.write_text(LIMITS + "requests = -1\n")
    with pytest.raises(CommandError, match=r"wrong\.toml: pool 1, requests: Input should be greater than"):
        call_command("sandbox", "--port", "0", "--limits", str(limits))


def test_the_company_is_served_and_its_limit_is_enforced() -> None:
    with running("--datadog-limit", "1/3600", lines=4) as said:
        url = re.findall(r"Company +(http://\S+)", said)[0]
        keys = {"dd-api-key": "any", "dd-application-key": "any"}
        answers = [httpx2.get(f"{url}/api/v1/monitor", headers=keys, trust_env=False) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert httpx2.get(f"{url}/company/orders?per_page=1", trust_env=False).json()["data"][0]["id"] == "ORD-10001"


@pytest.mark.parametrize("rate", ["5", "0/10", "a/b", "5/"])
def test_a_limit_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(CommandError, match="N/SECONDS"):
        call_command("sandbox", "--datadog-limit", rate)
