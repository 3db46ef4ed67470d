from __future__ import annotations

from datetime import date
from importlib import import_module

import pytest
from django.apps import apps

from agents.defaults import ensure_shipped_rows
from agents.model_capabilities import capabilities_for
from agents.models import LanguageModel, Provider, RatePool, Wire
from agents.own_wire import own_wire
from agents.retirement import retirement_notice


def snapshot() -> list[object]:
    return [row for kind in (Provider, RatePool, LanguageModel) for row in kind.objects.order_by("pk").values()]


def test_a_second_run_changes_nothing(db: None) -> None:
    assert ensure_shipped_rows() == ["anthropic", "openai", "sandbox"]
    before = snapshot()
    assert ensure_shipped_rows() == []
    assert snapshot() == before


def test_the_shipped_models_have_their_sizes(db: None) -> None:
    ensure_shipped_rows()
    sizes = {row.model_id: (row.context_window, row.max_output_tokens) for row in LanguageModel.objects.all()}
    assert (
        sizes.items()
        >= {
            "claude-sonnet-5-5": (1_000_000, 128_000),
            "claude-haiku-4-5": (200_000, 64_000),
            "gpt-6.2-sol": (1_050_000, 128_000),
            "gpt-4o": (128_000, 16_384),
            "sandbox-claude": (200_000, 64_000),
            "sandbox-gpt": (128_000, 16_384),
            "sandbox-claude-tight": (200_000, 64_000),
            "sandbox-gpt-tight": (128_000, 16_384),
        }.items()
    )


def test_the_shipped_models_are_known_serve_on_their_own_wire_and_do_not_leave_soon(db: None) -> None:
    ensure_shipped_rows()
    for row in LanguageModel.objects.select_related("provider"):
        assert capabilities_for(row).known, row
        assert retirement_notice(row, today=date(2026, 11, 27)) == "", row
    wires = dict(LanguageModel.objects.values_list("model_id", "wire"))
    assert (wires["gpt-6-sol"], wires["gpt-4o"], wires["sandbox-gpt"]) == (
        Wire.OPENAI_RESPONSES,
        Wire.OPENAI_CHAT,
        Wire.OPENAI_CHAT,
    )


@pytest.mark.parametrize(
    ("kind", "model_id", "wire"),
    [
        ("anthropic", "whatever", Wire.ANTHROPIC_MESSAGES),
        ("openai", "gpt-4.1-mini", Wire.OPENAI_CHAT),
        ("openai", "gpt-5.6-terra", Wire.OPENAI_RESPONSES),
        ("openai", "gpt-9", Wire.OPENAI_RESPONSES),
        ("openai_compatible", "gpt-6-sol", Wire.OPENAI_CHAT),
    ],
)
def test_a_model_has_a_wire_of_its_own(kind: str, model_id: str, wire: Wire) -> None:
    assert own_wire(kind, model_id) == wire


def test_no_admins_edit_is_undone(db: None) -> None:
    ensure_shipped_rows()
    Provider.objects.filter(slug="openai").update(enabled=False, name="Ours", base_url="https://gate.example.com/v1")
    LanguageModel.objects.filter(model_id="gpt-4o").delete()
    LanguageModel.objects.filter(model_id="gpt-4.1").update(name="The big one", context_window=5)
    before = snapshot()
    ensure_shipped_rows()
    assert snapshot() == before


def test_a_provider_of_that_name_that_an_admin_made_is_left_alone(db: None) -> None:
    Provider.objects.create(slug="sandbox", name="mine", kind=Provider.Kind.SANDBOX, auth=Provider.Auth.NONE)
    assert "sandbox" not in ensure_shipped_rows()
    assert not LanguageModel.objects.filter(provider__slug="sandbox").exists()


LIMITS = ("requests_per_minute", "input_tokens_per_minute", "output_tokens_per_minute", "tokens_per_minute")


def in_pools() -> dict[str, tuple[int | None, ...] | None]:
    """The sandbox's models in the order of the pickers, each with the limits of its pool."""
    rows = LanguageModel.objects.filter(provider__slug="sandbox").select_related("pool")
    return {row.model_id: tuple(getattr(row.pool, name) for name in LIMITS) if row.pool else None for row in rows}


TIGHT = {
    "sandbox-claude-tight": (50, 40_000, 8_000, None),
    "sandbox-gpt-tight": (50, None, None, 40_000),
}


def test_the_sandbox_has_models_with_tight_limits_after_those_with_none(db: None) -> None:
    ensure_shipped_rows()
    assert list(in_pools().items()) == [("sandbox-claude", None), ("sandbox-gpt", None), *TIGHT.items()]


def migrate_data() -> None:
    migration = import_module("agents.migrations.0008_sandbox_models_with_tight_limits")
    migration.add_tight_models(apps, None)


def test_an_older_sandbox_gets_them_once(db: None) -> None:
    ensure_shipped_rows()
    as_new = in_pools()
    RatePool.objects.all().delete()
    LanguageModel.objects.filter(model_id__endswith="-tight").delete()
    migrate_data()
    assert list(in_pools().items()) == list(as_new.items())
    before = snapshot()
    migrate_data()
    assert snapshot() == before


def test_what_an_admin_called_so_stays_the_admins(db: None) -> None:
    migrate_data()
    assert not LanguageModel.objects.exists()
    ensure_shipped_rows()
    RatePool.objects.filter(name="gpt-tight").update(tokens_per_minute=7)
    LanguageModel.objects.filter(model_id="sandbox-gpt-tight").delete()
    LanguageModel.objects.filter(model_id="sandbox-claude-tight").update(name="Mine", pool=None)
    migrate_data()
    assert in_pools() == {
        "sandbox-claude": None,
        "sandbox-gpt": None,
        "sandbox-claude-tight": None,
        "sandbox-gpt-tight": (50, None, None, 7),
    }
