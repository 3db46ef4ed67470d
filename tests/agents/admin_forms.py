"""What a browser would send back from an admin page: every field as it is shown, with changes."""

from __future__ import annotations

from typing import Any

from django.test import Client


def sent_back(client: Client, address: str, **changes: Any) -> dict[str, Any]:
    """The fields of the form and its inlines. A change of None leaves the field out, as for an empty checkbox."""
    context = client.get(address).context
    fields = _of(context["adminform"].form)
    for inline in context["inline_admin_formsets"]:
        fields |= _of(inline.formset.management_form)
        for form in inline.formset.forms:
            fields |= _of(form)
    fields |= changes
    return {name: value for name, value in fields.items() if value is not None}


def _of(form: Any) -> dict[str, Any]:
    shown = {bound.html_name: bound.value() for bound in form}
    carried = [bound for bound in form if bound.field.show_hidden_initial]
    shown |= {bound.html_initial_name: "" if bound.value() is None else bound.value() for bound in carried}
    return {
        name: "on" if value is True else value
        for name, value in shown.items()
        if value is not None and value is not False
    }
