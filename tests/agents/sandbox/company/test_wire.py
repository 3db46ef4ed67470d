"""The official client talks to the company over real HTTP, and finds the ground truth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException
from datadog_api_client.v1.api.metrics_api import MetricsApi
from datadog_api_client.v1.api.monitors_api import MonitorsApi
from datadog_api_client.v2.api.events_api import EventsApi
from datadog_api_client.v2.api.logs_api import LogsApi
from datadog_api_client.v2.api.spans_api import SpansApi
from datadog_api_client.v2.model.events_list_request import EventsListRequest
from datadog_api_client.v2.model.events_query_filter import EventsQueryFilter
from datadog_api_client.v2.model.logs_aggregate_request import LogsAggregateRequest
from datadog_api_client.v2.model.logs_aggregation_function import LogsAggregationFunction
from datadog_api_client.v2.model.logs_compute import LogsCompute
from datadog_api_client.v2.model.logs_group_by import LogsGroupBy
from datadog_api_client.v2.model.logs_list_request import LogsListRequest
from datadog_api_client.v2.model.logs_list_request_page import LogsListRequestPage
from datadog_api_client.v2.model.logs_query_filter import LogsQueryFilter
from datadog_api_client.v2.model.spans_list_request import SpansListRequest
from datadog_api_client.v2.model.spans_list_request_attributes import SpansListRequestAttributes
from datadog_api_client.v2.model.spans_list_request_data import SpansListRequestData
from datadog_api_client.v2.model.spans_list_request_page import SpansListRequestPage
from datadog_api_client.v2.model.spans_list_request_type import SpansListRequestType
from datadog_api_client.v2.model.spans_query_filter import SpansQueryFilter

from agents.sandbox.app import SandboxApp
from agents.sandbox.company.app import Company
from agents.sandbox.company.quota import Rate
from agents.sandbox.company.story import BAD_DEPLOYMENT, ERROR_KIND, FAILING, ONSET_MINUTE, SERVICES
from agents.sandbox.company.traffic import minute_of
from tests.agents.sandbox.company.clock import NOON, Clock
from tests.agents.sandbox.stage import serving

DEPLOYED = NOON - 20 * 60
CLOCK = Clock()


@pytest.fixture(scope="module")
def company() -> Company:
    return Company(clock=CLOCK)


@pytest.fixture
async def url(company: Company) -> AsyncIterator[str]:
    async with serving(SandboxApp(company=company)) as address:
        yield address


def client(url: str) -> ApiClient:
    configuration = Configuration(host=url)
    configuration.api_key = {"apiKeyAuth": "any", "appKeyAuth": "any"}
    return ApiClient(configuration)


async def ask(call: Callable[..., Any], *args: Any, **more: Any) -> Any:
    return await asyncio.to_thread(call, *args, **more)


def search(query: str, **more: Any) -> LogsListRequest:
    wanted = LogsQueryFilter(query=query, _from="now-30m", to="now")
    return LogsListRequest(filter=wanted, page=LogsListRequestPage(limit=1_000, **more))


async def test_its_logs_hold_the_failures_from_the_onset_on(url: str) -> None:
    api = LogsApi(client(url))
    found = await ask(api.list_logs, body=search("service:payment-service status:error"))
    pool = [log for log in found.data if log.attributes.attributes["error"]["kind"] == ERROR_KIND]
    expected = sum(minute_of("payment-service", minute).pool_failures for minute in range(ONSET_MINUTE, 20))
    assert len(pool) == expected > 200
    first = min(log.attributes.timestamp for log in pool)
    assert DEPLOYED + 60 <= first.timestamp() < DEPLOYED + 120
    assert "version:v2.14.0" in pool[0].attributes.tags


async def test_a_long_list_comes_in_pages(url: str) -> None:
    api = LogsApi(client(url))
    body = search("*")
    ids: list[str] = []
    for _ in range(20):
        page = await ask(api.list_logs, body=body)
        ids += [log.id for log in page.data]
        if not page.meta.get("page"):
            break
        body = search("*", cursor=page.meta.page.after)
    assert len(ids) == len(set(ids)) > 1_000


async def test_counts_name_the_services(url: str) -> None:
    body = LogsAggregateRequest(
        compute=[LogsCompute(aggregation=LogsAggregationFunction.COUNT)],
        filter=LogsQueryFilter(query=f"@error.kind:({ERROR_KIND} OR UpstreamError)", _from="now-30m", to="now"),
        group_by=[LogsGroupBy(facet="service")],
    )
    found = await ask(LogsApi(client(url)).aggregate_logs, body=body)
    assert {bucket.by["service"] for bucket in found.data.buckets} == set(FAILING)


async def test_metrics_step_up_at_the_onset(url: str) -> None:
    query = "sum:trace.http.request.errors{service:payment-service}.as_count()"
    times = {"_from": int(NOON) - 1_800, "to": int(NOON)}
    found = await ask(MetricsApi(client(url)).query_metrics, query=query, **times)
    points = {point.value[0] / 1000: point.value[1] for point in found.series[0].pointlist}
    assert max(value for at, value in points.items() if at < DEPLOYED + 60) <= 1
    assert min(value for at, value in points.items() if at >= DEPLOYED + 60) > 5
    by = await ask(MetricsApi(client(url)).query_metrics, query="sum:trace.http.request.hits{*} by {service}", **times)
    assert len(by.series) == len(SERVICES)


async def test_monitors_are_listed_and_one_is_read(url: str) -> None:
    api = MonitorsApi(client(url))
    listed = await ask(api.list_monitors)
    alerting = [one for one in listed if str(one.overall_state) == "Alert"]
    assert {tag for one in alerting for tag in one.tags} >= {"service:payment-service", "service:order-service"}
    one = await ask(api.get_monitor, alerting[0].id, group_states="all")
    assert one.overall_state_modified == datetime.fromtimestamp(DEPLOYED + 180, tz=UTC)
    with pytest.raises(ApiException, match="404"):
        await ask(api.get_monitor, 9)


async def test_the_deployment_is_an_event(url: str) -> None:
    wanted = EventsQueryFilter(query="source:deployment service:payment-service", _from="now-2h", to="now")
    found = await ask(EventsApi(client(url)).search_events, body=EventsListRequest(filter=wanted))
    (event,) = found.data
    assert event.attributes.attributes.title == BAD_DEPLOYMENT.title
    assert DEPLOYED <= event.attributes.timestamp.timestamp() < DEPLOYED + 60
    assert BAD_DEPLOYMENT.about == event.attributes.message


async def test_a_trace_leads_from_the_visitor_to_the_wait_for_the_database(url: str) -> None:
    async def spans(query: str) -> Any:
        wanted = SpansQueryFilter(query=query, _from="now-30m", to="now")
        attributes = SpansListRequestAttributes(filter=wanted, page=SpansListRequestPage(limit=100))
        data = SpansListRequestData(attributes=attributes, type=SpansListRequestType.SEARCH_REQUEST)
        return (await ask(SpansApi(client(url)).list_spans, body=SpansListRequest(data=data))).data

    trace = (await spans("service:web-gateway status:error @duration:>1000000000"))[0].attributes.trace_id
    steps = await spans(f"trace_id:{trace}")
    assert [step.attributes.service for step in steps] == [FAILING[2], FAILING[1], FAILING[0], FAILING[0]]
    assert steps[-1].attributes.resource_name == "payments-db pool.acquire"


async def test_without_keys_it_is_closed(url: str) -> None:
    for headers in ({}, {"dd-api-key": "any"}, {"dd-application-key": "any"}):
        answer = await ask(httpx2.get, f"{url}/api/v1/monitor", headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()) == (403, {"errors": ["Forbidden"]})


@pytest.mark.parametrize("query", ["(service:x", '"open'])
async def test_a_query_that_cannot_be_read_is_refused(url: str, query: str) -> None:
    with pytest.raises(ApiException, match="Invalid query"):
        await ask(LogsApi(client(url)).list_logs, body=search(query))


async def test_too_many_requests_are_told_when_to_come_again() -> None:
    async with serving(SandboxApp(company=Company(clock=CLOCK, rate=Rate(limit=1, period=7)))) as url:
        api = LogsApi(client(url))
        await ask(api.list_logs, body=search("*"))
        with pytest.raises(ApiException) as refused:
            await ask(api.list_logs, body=search("*"))
        assert refused.value.status == 429
        headers = {name.lower(): value for name, value in refused.value.headers.items()}
        assert headers["x-ratelimit-name"] == "logs_public_search_api"
        assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("1", "0")
        assert 1 <= int(headers["x-ratelimit-reset"]) <= 7
        await ask(MonitorsApi(client(url)).list_monitors)
