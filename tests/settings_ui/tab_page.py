"""The tab "Agent Config" without a browser: its form's fields as a browser would send them back untouched."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.test import Client

CLAUDE = "?provider=sandbox&model=sandbox-claude"
GPT = "?provider=sandbox&model=sandbox-gpt"
NAMES = ("max_output_tokens", "temperature", "max_iterations")
ADVANCED = ("last_messages", "max_age_minutes", "context_token_limit", "response_token_limit", "effort")


def page(client: Client, query: str = CLAUDE) -> str:
    answer = client.get(f"/settings/{query}")
    assert answer.status_code == 200
    return answer.text


def opened(client: Client, query: str = CLAUDE) -> dict[str, str]:
    return fields_of(page(client, query))


def fields_of(text: str) -> dict[str, str]:
    form = text[re.search(r"<form[^>]*data-settings", text).start() :]  # type: ignore[union-attr]
    inputs = [_attributes(tag) for tag in re.findall(r"<input\b[^>]*>", form)]
    return {one["name"]: unescape(one["value"]) for one in inputs if _is_sent(one)} | _selected(form)


def _selected(form: str) -> dict[str, str]:
    """By the name of each select: the value that is chosen."""
    lists = re.findall(r"<select\b([^>]*)>(.*?)</select>", form, re.DOTALL)
    named = [(_attributes(tag), options) for tag, options in lists]
    chosen = {one["name"]: re.findall(r'value="([^"]*)"\s+selected', options) for one, options in named if _is_on(one)}
    return {name: value for name, [value] in chosen.items()}


def _is_on(one: dict[str, str]) -> bool:
    return "disabled" not in one


def _attributes(tag: str) -> dict[str, str]:
    return {name: value for name, _, value in re.findall(r'([\w-]+)(="([^"]*)")?', tag.removeprefix("<input"))}


def _is_sent(one: dict[str, str]) -> bool:
    if "name" not in one or "disabled" in one or "csrf" in one["name"]:
        return False
    return one["type"] not in {"radio", "checkbox"} or "checked" in one


def post(client: Client, form: dict[str, Any], what: str = "save", query: str = CLAUDE) -> Any:
    return client.post(f"/settings/{what}/{query}", form)


def chosen(text: str) -> list[str]:
    """Provider and model."""
    return re.findall(r'<option value="([^"]*)"\s+selected', text.partition("data-settings")[0])


def card(text: str, name: str) -> str:
    """What the page says about one setting, without tags."""
    cards = re.split(r"(?=<(?:section|fieldset)[^>]*data-setting)", text)
    found = next(one for one in cards[1:] if f'id="id_{name}"' in one)
    return words(re.split(r"</section>|</fieldset>", found)[0])


def words(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", markup)).split())
