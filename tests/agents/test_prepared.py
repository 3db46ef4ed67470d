"""Prepared statements against the ORM's own: the same rows, the same changes, the same faults."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField, Count, F, IntegerField, JSONField, Q, UUIDField
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from agents.models import LanguageModel, ModelCall
from agents.prepared import Select, Slot, Update, insert
from tests.agents.rows import make_model

pytestmark = pytest.mark.django_db

_CALL = Slot("call", UUIDField())
_CALLS_OF = Select(
    lambda: ModelCall.objects.select_related("model__provider", "user").filter(model=Slot("model", UUIDField()))
)


@pytest.fixture
def model() -> LanguageModel:
    return make_model()


def a_call(model: LanguageModel, **more: Any) -> ModelCall:
    return ModelCall(model=model, estimated_input_tokens=1, max_output_tokens=2, **more)


def all_fields(row: ModelCall) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in ModelCall._meta.concrete_fields}


class TestSelect:
    def test_gives_what_the_orm_gives(self, model: LanguageModel, owner: User) -> None:
        for number in range(3):
            a_call(model, user=owner if number else None, agent=f"agent {number}").save()
        other = make_model(model_id="other")
        a_call(other).save()
        for wanted in (model, other):
            found = {row.pk: row for row in _CALLS_OF.all(model=wanted.pk)}
            plain = {row.pk: row for row in ModelCall.objects.filter(model=wanted)}
            assert {pk: all_fields(row) for pk, row in found.items()} == {
                pk: all_fields(row) for pk, row in plain.items()
            }

    def test_brings_related_objects_along(
        self, model: LanguageModel, owner: User, django_assert_num_queries: Callable[[int], Any]
    ) -> None:
        a_call(model, user=owner).save()
        a_call(model).save()
        with django_assert_num_queries(1):
            rows = _CALLS_OF.all(model=model.pk)
            assert {row.user and row.user.username for row in rows} == {owner.username, None}
            assert {row.model and row.model.provider.slug for row in rows} == {"p"}

    def test_objects_can_be_saved(self, model: LanguageModel) -> None:
        a_call(model).save()
        [row] = _CALLS_OF.all(model=model.pk)
        row.agent = "changed"
        row.save()
        assert ModelCall.objects.get().agent == "changed"
        assert ModelCall.objects.count() == 1

    def test_first_is_none_where_there_is_nothing(self, model: LanguageModel) -> None:
        newest = Select(lambda: ModelCall.objects.filter(pk=_CALL)[:1])
        call = a_call(model)
        call.save()
        found = newest.first(call=call.pk)
        assert found is not None
        assert found.pk == call.pk
        assert newest.first(call=uuid4()) is None

    def test_tuples_with_aggregates(self, model: LanguageModel) -> None:
        counted = Select(
            lambda: (
                LanguageModel.objects.filter(pk=Slot("model", UUIDField()))
                .annotate(running=Count("calls", filter=Q(calls__status="running")), all=Count("calls"))
                .values_list("model_id", "running", "all")
            )
        )
        for status in ("running", "running", "failed"):
            a_call(model, status=status).save()
        assert counted.all(model=model.pk) == [("sandbox-claude", 2, 3)]
        assert counted.all(model=uuid4()) == []

    def test_none_in_a_slot_equals_nothing(self, model: LanguageModel) -> None:
        a_call(model).save()
        mine = Select(lambda: ModelCall.objects.filter(Q(user=Slot("user", UUIDField()))).values_list("pk"))
        assert mine.all(user=None) == []

    def test_a_constant_that_is_more_than_a_word_is_no_part_of_the_sql(self, model: LanguageModel) -> None:
        odd = 'it\'s 100 % "odd"; -- %s'
        a_call(model, request_id=odd).save()
        a_call(model, request_id="plain").save()
        for wanted in (odd, "plain"):
            same = Select(lambda wanted=wanted: ModelCall.objects.filter(request_id=wanted).values_list("request_id"))  # type: ignore[misc]
            assert same.all() == [(wanted,)]

    def test_the_other_values_of_each_run_are_forgotten(self, model: LanguageModel) -> None:
        by_agent = Select(lambda: ModelCall.objects.filter(agent=Slot("agent", CharField())).values_list("agent"))
        for agent in ("a", "b"):
            a_call(model, agent=agent).save()
        assert [by_agent.all(agent=agent) for agent in ("a", "b", "c")] == [[("a",)], [("b",)], []]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by the size of its tables")
def test_a_partial_index_is_found() -> None:
    """Without the constant in the statement SQLite reads the whole table."""
    from chat.models import Turn

    active = Select(lambda: Turn.objects.filter(status__in=Turn.ACTIVE).values_list("pk"))
    active.all()
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + active._plans["sqlite"].statement.sql)
        plan = str(cursor.fetchall())
    assert "leased_turns" in plan


class TestUpdate:
    def test_changes_what_it_matches_and_says_how_many(self, model: LanguageModel) -> None:
        tell = Update(
            lambda: ModelCall.objects.filter(pk=_CALL, status=ModelCall.Status.RUNNING),
            waited_ms=F("waited_ms") + Slot("more", IntegerField()),
            agent=Slot("agent", CharField()),
        )
        call = a_call(model, waited_ms=5)
        call.save()
        assert tell.run(call=call.pk, more=7, agent="it's 50 %") == 1
        assert tell.run(call=uuid4(), more=7, agent="x") == 0
        call.refresh_from_db()
        assert (call.waited_ms, call.agent) == (12, "it's 50 %")

    def test_the_databases_clock_can_be_part_of_it(self, model: LanguageModel) -> None:
        end = Update(lambda: ModelCall.objects.filter(pk=_CALL), ended_at=Now() + timedelta(hours=1))
        call = a_call(model)
        call.save()
        assert end.run(call=call.pk) == 1
        call.refresh_from_db()
        assert call.ended_at is not None
        assert abs(call.ended_at - timezone.now() - timedelta(hours=1)) < timedelta(minutes=1)

    def test_json_and_nothing(self, model: LanguageModel) -> None:
        learn = Update(
            lambda: LanguageModel.objects.filter(pk=Slot("model", UUIDField())),
            capabilities=Slot("capabilities", JSONField()),
            pool=Slot("pool", UUIDField()),
        )
        assert learn.run(model=model.pk, capabilities={"a": [1, "ü", None]}, pool=None) == 1
        model.refresh_from_db()
        assert (model.capabilities, model.pool) == ({"a": [1, "ü", None]}, None)


class TestInsert:
    def test_writes_what_save_writes(self, model: LanguageModel, owner: User) -> None:
        saved, inserted = a_call(model, user=owner, agent="x"), a_call(model, user=owner, agent="x")
        saved.save()
        insert([inserted])
        one, two = (all_fields(ModelCall.objects.get(pk=row.pk)) for row in (saved, inserted))
        assert two.pop("created_at") - one.pop("created_at") < timedelta(minutes=1)
        assert (one.pop("id"), two.pop("id")) == (saved.pk, inserted.pk)
        assert one == two

    def test_a_row_is_then_there_to_be_saved_again(self, model: LanguageModel) -> None:
        row = a_call(model)
        insert([row])
        row.agent = "changed"
        row.save()
        assert ModelCall.objects.get().agent == "changed"

    def test_more_rows_than_one_statement_takes(self, model: LanguageModel) -> None:
        insert([a_call(model, agent=f"n{number}") for number in range(150)])
        assert set(ModelCall.objects.values_list("agent", flat=True)) == {f"n{number}" for number in range(150)}

    def test_a_broken_constraint_is_djangos_own_fault(self, model: LanguageModel) -> None:
        row = a_call(model)
        insert([row])
        with pytest.raises(IntegrityError), transaction.atomic():
            insert([a_call(model, id=row.pk)])
        assert ModelCall.objects.count() == 1
