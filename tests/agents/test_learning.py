from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from agents.governed import GovernedModel
from agents.governor.passthrough import PassThrough
from agents.learning import LearningModel
from agents.llm.capabilities import Capabilities, Parameter
from agents.llm.errors import ParameterRefused, ProviderOverloaded
from agents.llm.events import CallRetried, ModelEvent, TextDelta, Waiting
from agents.llm.providers.base import ModelRequest
from agents.models import LanguageModel, ModelCall
from agents.pool_limits import pool_of
from agents.threads import in_thread
from tests.agents.rows import make_model
from tests.agents.scripted_model import ScriptedModel, Step, a_request, finished, says

pytestmark = pytest.mark.django_db(transaction=True)

TAKES_ALL = Capabilities(temperature="range", temperature_max=1.0, efforts=("low",), cache="marked")


@pytest.fixture
def row(owner: User) -> LanguageModel:
    return make_model()


def refusal(parameter: Parameter) -> ParameterRefused:
    return ParameterRefused("It was refused. Your message is kept.", parameter=parameter, status=400)


def request(**more: Any) -> ModelRequest:
    return replace(a_request(call_id=str(uuid4())), temperature=0.5, capabilities=TAKES_ALL, **more)


async def said(model: LearningModel, asked: ModelRequest) -> list[ModelEvent]:
    return [event async for event in model.stream(asked)]


def refused_in(row: LanguageModel) -> list[str]:
    return list(LanguageModel.objects.get(pk=row.pk).refused_parameters)


async def test_an_answer_passes_through(row: LanguageModel) -> None:
    inner = ScriptedModel(says("Yes."))
    asked = request()
    assert await said(LearningModel(inner=inner, model=row), asked) == [TextDelta(text="Yes."), finished()]
    assert inner.requests == [asked]


async def test_a_refused_parameter_is_left_out_remembered_and_never_sent_again(row: LanguageModel) -> None:
    inner = ScriptedModel([refusal("temperature")], says("Yes."), says("Again."))
    model, asked = LearningModel(inner=inner, model=row), request()
    retried, *answer = await said(model, asked)
    second = inner.requests[1]
    assert retried == CallRetried(call_id=second.call_id)
    assert second.call_id != asked.call_id
    assert answer == [TextDelta(text="Yes."), finished()]
    assert second.capabilities.temperature == "none"
    assert await in_thread(refused_in)(row) == ["temperature"]
    await said(model, request())
    assert inner.requests[2].capabilities.temperature == "none", "though this request was built without knowing it"
    assert len(inner.requests) == 3


async def test_one_after_the_other_is_left_out(row: LanguageModel) -> None:
    inner = ScriptedModel([refusal("temperature")], [refusal("stream_options")], says("Yes."))
    events = await said(LearningModel(inner=inner, model=row), request())
    assert [event.kind for event in events] == ["call_retried", "call_retried", "text_delta", "call_finished"]
    assert await in_thread(refused_in)(row) == ["stream_options", "temperature"]


async def test_what_is_refused_again_although_it_was_not_sent_is_the_users_to_see(row: LanguageModel) -> None:
    inner = ScriptedModel([refusal("temperature")], [refusal("temperature")])
    with pytest.raises(ParameterRefused):
        await said(LearningModel(inner=inner, model=row), request())
    assert len(inner.requests) == 2
    assert await in_thread(refused_in)(row) == [], "nothing shows that it was to blame"


async def test_what_is_not_known_to_help_is_not_learnt(row: LanguageModel) -> None:
    inner = ScriptedModel([refusal("temperature")], [ProviderOverloaded("busy")])
    with pytest.raises(ProviderOverloaded):
        await said(LearningModel(inner=inner, model=row), request())
    assert await in_thread(refused_in)(row) == []


async def test_a_wait_is_no_answer_yet(row: LanguageModel) -> None:
    wait = Waiting(reason="pacing", pool="p", retry_at=1.0, used=1, limit=2, position=0)
    inner = ScriptedModel([wait, refusal("temperature")], [wait, ProviderOverloaded("busy")])
    with pytest.raises(ProviderOverloaded):
        await said(LearningModel(inner=inner, model=row), request())
    assert await in_thread(refused_in)(row) == []


async def test_after_content_nothing_is_tried_again(row: LanguageModel) -> None:
    inner = ScriptedModel([TextDelta(text="Half"), refusal("temperature")])
    with pytest.raises(ParameterRefused):
        await said(LearningModel(inner=inner, model=row), request())
    assert len(inner.requests) == 1


async def test_an_answer_does_not_fail_for_a_row_that_is_gone(row: LanguageModel) -> None:
    inner = ScriptedModel([refusal("temperature")], says("Yes."))
    await in_thread(LanguageModel.objects.filter(pk=row.pk).delete)()
    events = await said(LearningModel(inner=inner, model=row), request())
    assert events[1:] == [TextDelta(text="Yes."), finished()]


async def test_each_try_is_a_call_of_its_own_in_the_ledger(row: LanguageModel, owner: User) -> None:
    scripts: Sequence[Sequence[Step]] = [[refusal("temperature")], says("Yes.")]
    inner = ScriptedModel(*scripts)
    governed = GovernedModel(
        inner=inner, governor=PassThrough(), model=row, pool=pool_of(row), user_id=str(owner.pk), purpose="chat"
    )
    await said(LearningModel(inner=governed, model=row), request())

    def rows() -> list[tuple[str, str, str]]:
        found = ModelCall.objects.order_by("created_at", "status")
        return sorted((str(call.pk), call.status, call.error_code) for call in found)

    first, second = (sent.call_id for sent in inner.requests)
    assert await in_thread(rows)() == sorted([(first, "failed", "config_invalid"), (second, "completed", "")])


async def test_closing_the_events_closes_the_call(row: LanguageModel) -> None:
    inner = ScriptedModel([refusal("temperature")], says("Yes.|No."))
    events = LearningModel(inner=inner, model=row).stream(request())
    async for event in events:
        if isinstance(event, TextDelta):
            break
    await events.aclose()
    assert inner.closed == 2
