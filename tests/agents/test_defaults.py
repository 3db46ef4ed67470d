from __future__ import annotations

from agents.defaults import ensure_shipped_rows
from agents.models import LanguageModel, Provider


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
    assert sizes == {
        "claude-sonnet-4-6": (1_000_000, 128_000),
        "claude-haiku-4-5": (200_000, 64_000),
        "gpt-4.1": (1_047_576, 32_768),
        "gpt-4o": (128_000, 16_384),
        "sandbox-claude": (200_000, 64_000),
        "sandbox-gpt": (128_000, 16_384),
    }


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
