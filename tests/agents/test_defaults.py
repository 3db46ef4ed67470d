from __future__ import annotations

from datetime import date

import pytest

from agents.defaults import ensure_shipped_rows
from agents.model_capabilities import capabilities_for
from agents.models import LanguageModel, Provider, Wire
from agents.own_wire import own_wire
from agents.retirement import retirement_notice


def snapshot() -> list[object]:
    return [*Provider.objects.order_by("pk").values(), *LanguageModel.objects.order_by("pk").values()]


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
