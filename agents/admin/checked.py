"""Checks by the types of a configuration file, so that a form takes nothing that the file refuses, nor less."""

from __future__ import annotations

from typing import Any

from django import forms
from pydantic import TypeAdapter, ValidationError


def checked(kind: Any, value: object) -> Any:
    """`value` as the pydantic type `kind` takes it; its faults as a form's."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise forms.ValidationError([fault_text(fault) for fault in error.errors(include_input=False)]) from None


def fault_text(fault: Any) -> str:
    text = str(fault["msg"]).removeprefix("Value error, ")
    return f"{text[0].upper()}{text[1:]}."
