"""The sandbox's investigation says what is in the results that it was sent, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.sandbox.script.findings import Findings
from agents.sandbox.script.verdict import verdict_text
from tests.agents.sandbox.speakers import PLAIN_TOOL, Speaker, Tool, hear

NAMES = ("monitors", "count_logs", "search_logs", "query_metrics", "search_events", "search_spans")
TOOLS = [Tool(name=f"datadog_{name}", parameters={"type": "object", "properties": {}}) for name in NAMES]
WHY = "Why are we seeing 500 errors in payment-service?"
DEPLOYED = {
    "at": "2026-01-31T09:00:12Z",
    "title": "Deployed shop-service v2",
    "service": "shop-service",
    "version": "v2",
    "source": "deployment",
    "message": "v1 -> v2",
}
LOGS = {"found": 7, "first": "2026-01-31T09:01:00Z", "version": {"v2": 7}, "messages": {"boom": 7}, "samples": []}


async def test_it_begins_with_the_symptom_on_every_wire(near_speaker: Speaker) -> None:
    heard = await hear(near_speaker, WHY, tools=TOOLS)
    assert [call.name for call in heard.calls] == ["datadog_monitors", "datadog_count_logs"]
    assert json.loads(heard.calls[1].arguments)["group_by"] == ["service"]


async def test_it_goes_on_with_the_service_that_was_asked_about(near_speaker: Speaker) -> None:
    heard = await hear(near_speaker, WHY, tools=TOOLS)
    history = near_speaker.answered(WHY, heard=heard, results=["{}", "{}"])
    heard = await hear(near_speaker, "", history=history, tools=TOOLS)
    assert [call.name for call in heard.calls] == ["datadog_search_logs", "datadog_query_metrics"]
    assert all("payment-service" in call.arguments for call in heard.calls)


async def test_without_a_name_it_takes_the_service_with_the_most_errors(near_speaker: Speaker) -> None:
    heard = await hear(near_speaker, "Why do we see errors?", tools=TOOLS)
    counts = json.dumps({"top": [{"service": "shop-service", "count": 9}]})
    history = near_speaker.answered("Why do we see errors?", heard=heard, results=["{}", counts])
    heard = await hear(near_speaker, "", history=history, tools=TOOLS)
    assert "service:shop-service" in heard.calls[0].arguments


@pytest.mark.parametrize("text", ["echo errors", "What can you do?", "loop 1"])
async def test_words_and_other_questions_go_before(near_speaker: Speaker, text: str) -> None:
    heard = await hear(near_speaker, text, tools=TOOLS)
    assert "symptom" not in heard.text


async def test_without_the_tools_it_answers_as_ever(near_speaker: Speaker) -> None:
    heard = await hear(near_speaker, WHY, tools=[PLAIN_TOOL])
    assert not heard.calls
    assert "no AI" in heard.text


def verdict(*, cut: bool = False, **findings: Any) -> str:
    return verdict_text(Findings(**{"service": "shop-service", **findings}), is_cut_short=cut)


def test_a_deployment_before_the_onset_is_the_suspect() -> None:
    text = verdict(logs=LOGS, events={"events": [DEPLOYED]}, spans={"errors": {"Boom": 7}})
    assert "shop-service` v2 at 2026-01-31T09:00:12Z" in text.split("\n\n")[0]
    assert "Confidence: high" in text
    assert "roll `shop-service` back from v2 to v1" in text


def test_a_deployment_after_the_onset_is_none() -> None:
    late = {**DEPLOYED, "at": "2026-01-31T09:30:00Z"}
    text = verdict(logs=LOGS, events={"events": [late]})
    assert "no deployment came before that" in text
    assert "Confidence: low" in text
    assert "roll" not in text


def test_anothers_deployment_is_a_weak_suspect() -> None:
    text = verdict(logs=LOGS, events={"events": [{**DEPLOYED, "service": "other-service"}]})
    assert "Confidence: low (another service was deployed)" in text


def test_nothing_is_made_up_where_nothing_was_sent() -> None:
    text = verdict(cut=True, failed=("datadog_search_logs",))
    assert "does not tell a cause" in text
    assert "I reached the last step" in text
    assert "`datadog_search_logs`" in text
    assert "Evidence" not in text
