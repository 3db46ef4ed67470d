"""What each tool tells a model of the company's ground truth, and what it keeps behind it."""

from __future__ import annotations

import pytest

from agents.sandbox.company.story import BAD_DEPLOYMENT, CHANGES, ERROR_KIND, FAILING
from tests.agents.tools.datadog.conftest import Desk

FAILED = "service:payment-service status:error"


async def test_logs_are_counted_and_bounded_in_time(desk: Desk) -> None:
    summary, whole = await desk.find("datadog_search_logs", query=FAILED)
    assert summary["source"] == "Sandbox company: logs"
    assert (summary["from"], summary["to"]) == ("2026-11-22T11:30:00Z", "2026-11-22T12:00:00Z")
    assert summary["found"] == len(whole) == sum(summary["timeline"].values()) > 200
    assert summary["first"] == whole[0]["at"] <= whole[-1]["at"] == summary["last"]
    assert summary["first"].startswith("2026-11-22T11:41:")
    assert summary["version"] == {BAD_DEPLOYMENT.version: len(whole)}
    (message,) = summary["messages"]
    assert ERROR_KIND in message
    assert summary["samples"][0]["trace_id"]
    assert summary["timeline"]["11:30"] == 0


async def test_more_logs_than_one_page_are_said_to_be_more(desk: Desk) -> None:
    summary, whole = await desk.find("datadog_search_logs", query="*")
    assert summary["found"] == len(whole) == 1_000
    assert "only the newest 1,000" in summary["note"]


async def test_nothing_found_is_a_result(desk: Desk) -> None:
    summary, whole = await desk.find("datadog_search_logs", query="service:nobody", time="last 5 min")
    assert (summary["found"], whole) == (0, [])
    assert set(summary) == {"source", "query", "from", "to", "found"}


async def test_counts_by_facets_with_figures(desk: Desk) -> None:
    query = f"@error.kind:({ERROR_KIND} OR UpstreamError)"
    arguments = {"group_by": ["service", "@http.status_code"], "measure": "@duration"}
    summary, whole = await desk.find("datadog_count_logs", query=query, **arguments)
    assert {row["service"] for row in summary["top"]} == set(FAILING)
    assert summary["counted"] == sum(row["count"] for row in whole)
    assert all(row["pc95"] > 5e9 for row in whole)


@pytest.mark.parametrize("group_by", [[], ["a", "b", "c", "d"], "service"])
async def test_facets_are_one_to_three(desk: Desk, group_by: object) -> None:
    result = await desk.use("datadog_count_logs", query="*", group_by=group_by)
    assert not result.ok
    assert "group_by" in result.text


async def test_metrics_tell_the_step_with_before_and_after(desk: Desk) -> None:
    query = "sum:trace.http.request.errors{service:payment-service}.as_count()"
    summary, whole = await desk.find("datadog_query_metrics", query=query, time="last 1 h")
    (series,) = summary["series"]
    assert series["step"]["at"] in ("2026-11-22T11:41Z", "2026-11-22T11:42Z", "2026-11-22T11:43Z")
    assert series["step"]["before"] < 1
    assert series["step"]["after"] > 10
    assert len(whole[0]["points"]) == series["points"] == 60
    latency, _ = await desk.find("datadog_query_metrics", query="p95:trace.http.request{*} by {service}")
    units = {one["scope"]: (one["unit"], one["max"]) for one in latency["series"]}
    assert units["service:payment-service"][0] == "second"
    assert units["service:payment-service"][1] > 5
    assert units["service:inventory-service"][1] < 1


async def test_a_metric_that_is_not_there_is_told(desk: Desk) -> None:
    summary, _ = await desk.find("datadog_query_metrics", query="avg:no.such.metric{*}")
    assert summary["found"] == 0
    assert "not there" in summary["note"]


async def test_monitors_come_with_the_alerting_ones_first(desk: Desk) -> None:
    summary, whole = await desk.find("datadog_monitors")
    assert summary["states"] == {"Alert": 3, "OK": 2, "Warn": 1}
    assert [one["state"] for one in summary["monitors"]] == ["Alert"] * 3 + ["Warn"] + ["OK"] * 2
    assert len(whole) == summary["found"] == 6
    named, _ = await desk.find("datadog_monitors", name="payment")
    assert named["found"] == 2


async def test_one_monitor_is_inspected(desk: Desk) -> None:
    summary, _ = await desk.find("datadog_monitors", monitor_id=1001)
    assert (summary["state"], summary["since"]) == ("Alert", "2026-11-22T11:43Z")
    assert summary["groups"] == {"service:payment-service": "Alert"}
    missing = await desk.use("datadog_monitors", monitor_id=9)
    assert (missing.ok, missing.text) == (False, "Error: Datadog has no such thing: Monitor not found")


async def test_deployments_are_listed_newest_first(desk: Desk) -> None:
    summary, _ = await desk.find("datadog_search_events")
    assert [one["title"] for one in summary["events"]] == [
        change.title for change in reversed(CHANGES) if change.kind == "deployment"
    ]
    newest = summary["events"][0]
    assert (newest["at"], newest["version"]) == ("2026-11-22T11:40:12.000Z", BAD_DEPLOYMENT.version)


async def test_spans_lead_to_where_the_time_goes(desk: Desk) -> None:
    summary, _ = await desk.find("datadog_search_spans", query=FAILED)
    assert summary["errors"] == {ERROR_KIND: summary["found"]}
    assert summary["duration_ms"]["p50"] >= 5_000
    trace = summary["slowest"][0]["trace_id"]
    one, steps = await desk.find("datadog_search_spans", query=f"trace_id:{trace}")
    assert [step["service"] for step in one["slowest"]] == [*reversed(FAILING), FAILING[0]]
    assert len(steps) == one["found"] == 4


async def test_a_query_that_datadog_does_not_read_is_told_in_its_words(desk: Desk) -> None:
    result = await desk.use("datadog_search_logs", query="(service:x")
    assert (result.ok, result.text) == (False, "Error: Datadog does not understand this: Invalid query: a ) is missing")


async def test_a_time_that_is_none_is_told_with_examples(desk: Desk) -> None:
    result = await desk.use("datadog_search_logs", query="*", time="whenever")
    assert not result.ok
    assert "last 30 min" in result.text


async def test_summaries_stay_small(desk: Desk) -> None:
    for name, query in [("datadog_search_logs", "*"), ("datadog_search_spans", "*"), ("datadog_search_events", "*")]:
        result = await desk.use(name, query=query, time="last 3 h")
        assert len(result.text) < 3_000, name
