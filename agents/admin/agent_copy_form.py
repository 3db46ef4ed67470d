from __future__ import annotations

from typing import Any

from django import forms

from agents.admin.checked import checked
from agents.agent_copies import as_copy
from agents.agent_edits import TEXTS, kept, name_fault, slug_fault, tool_names
from agents.agent_sizes import why_impossible
from agents.configuration.agent_block import AgentName, Starters
from agents.configuration.fields import MOST_TEXT, Line, Text
from agents.models import AgentCopy
from agents.roster import DEFAULT_AGENT, ROSTER, Agent, made_of, names, shipped

_ELSEWHERE = (
    "Somebody else has saved this agent meanwhile (version {version}). What you wrote is still here; save again to put "
    "it in the place of theirs."
)


def base_of(slug: str) -> Agent:
    """The default agent in the place of one that is no longer shipped: a page must show something."""
    return shipped(slug) or DEFAULT_AGENT


class AgentCopyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Shows the agent whole, but keeps only what is not as shipped. What somebody else saved meanwhile is told once."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    based_on = forms.ChoiceField(
        label="Tools of", choices=[(agent.slug, agent.name) for agent in ROSTER], widget=forms.HiddenInput
    )
    name = forms.CharField(required=False, widget=forms.TextInput(attrs={"size": 60}))
    description = forms.CharField(
        required=False,
        widget=forms.TextInput(attrs={"size": 80}),
        help_text="One sentence for people; the model is not told it.",
    )
    instructions = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 24, "cols": 100, "spellcheck": "true"}),
        help_text=f"Sent with every call, the same for everybody: a name or a date in it is told to all. At most "
        f"{MOST_TEXT:,} characters. Empty: as shipped.",
    )
    starters = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 100}),
        help_text="Questions that an empty chat offers, one a line. Empty: as shipped.",
    )
    tools = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Each costs tokens with every call. All of them can recall what was left out of a conversation.",
    )
    seen_change = forms.BooleanField(
        required=False, label="I have seen how the shipped instructions changed: do not tell me again."
    )

    class Meta:
        model = AgentCopy
        fields = ["slug", "based_on", "enabled"]
        help_texts = {"enabled": "Switched off: nobody can choose it, and its conversations wait for another agent."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = self.data.get("based_on") or self.initial.get("based_on") or DEFAULT_AGENT.slug
        self.base = base_of(self.instance.based_on or str(asked))
        choices = tool_names(self.base)
        self.fields["tools"].choices = [(name, name) for name in choices]  # type: ignore[attr-defined]
        tools = [name for name in choices if name not in self.instance.tools_off]
        self.initial.update(self._as_it_is(), tools=tools)
        self.initial.update(based_on=self.base.slug, seen_version=self.instance.version)

    def _as_it_is(self) -> dict[str, Any]:
        row, base = self.instance, self.base
        is_ours = (self.instance.slug or self.initial.get("slug", "")) == base.slug
        return {
            "name": row.name or (base.name if is_ours else ""),
            "description": row.description or base.description,
            "instructions": row.instructions or base.instructions,
            "starters": "\n".join(row.starters or base.starters),
        }

    def clean_name(self) -> str:
        return str(checked(AgentName, self.cleaned_data["name"]))

    def clean_description(self) -> str:
        return str(checked(Line, self.cleaned_data["description"]))

    def clean_instructions(self) -> str:
        return str(checked(Text, self.cleaned_data["instructions"]))

    def clean_starters(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["starters"].splitlines()]
        return list(checked(Starters, [line for line in lines if line]))

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        fault = slug_fault(slug, base=self.base, shipped={agent.slug for agent in ROSTER})
        if fault:
            raise forms.ValidationError(f"This slug {fault}.")
        return slug

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        self._tell_once()
        self._take(data)
        self._check_name()
        agent = made_of(as_copy(self.instance)) if not self.errors else None
        fault = why_impossible(agent) if agent is not None else ""
        if fault:
            self.add_error("instructions", fault)
        return data

    def _take(self, data: dict[str, Any]) -> None:
        """What was entered into the row; what is as shipped stays empty, so that it follows the shipped agent."""
        row, base = self.instance, self.base
        row.slug, row.based_on = data.get("slug", row.slug), base.slug
        row.enabled = data.get("enabled", row.enabled)
        before = row.instructions
        data.update(kept({name: data.get(name, getattr(row, name)) for name in TEXTS}, base=base))
        for name in TEXTS:
            setattr(row, name, data[name])
        row.tools_off = [name for name in tool_names(base) if name not in data.get("tools", [])]
        if row.instructions != before or data.get("seen_change"):
            row.shipped_instructions = base.instructions if row.instructions else ""

    def _check_name(self) -> None:
        row = self.instance
        if self.errors.keys() & {"name", "slug"}:
            return
        others = {name for slug, name in names().items() if slug != row.slug}
        fault = name_fault(row.name, is_copy=row.slug == self.base.slug, others=others)
        if fault:
            self.add_error("name", f"The name {fault}.")

    def _tell_once(self) -> None:
        """`instance` is still as it is stored."""
        now = self.instance.version
        if self.instance._state.adding or self.cleaned_data.get("seen_version") == now:
            return
        data: Any = self.data
        self.data = data = data.copy()  # what was sent is immutable
        data["seen_version"] = str(now)
        self.add_error(None, _ELSEWHERE.format(version=now))

    def save(self, commit: bool = True) -> Any:
        if not self.instance._state.adding:
            self.instance.version += 1
        return super().save(commit)
