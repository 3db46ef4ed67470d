from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.tokens import authenticate_bearer


@pytest.mark.parametrize(
    ("arguments", "scope"), [([], "write"), (["--scope", "read"], "read"), (["--scope=admin"], "admin")]
)
def test_the_token_stands_alone_on_the_last_line(owner: User, arguments: list[str], scope: str) -> None:
    out = StringIO()
    call_command("create_token", "owner", *arguments, stdout=out)
    user, token = authenticate_bearer(out.getvalue().splitlines()[-1])
    assert (user, token.scope) == (owner, scope)


def test_nobody_and_the_deactivated_get_none(owner: User) -> None:
    User.objects.update(is_active=False)
    for name in ("owner", "nobody"):
        with pytest.raises(CommandError, match="no active user"):
            call_command("create_token", name)


def test_an_unknown_scope_is_refused(owner: User) -> None:
    with pytest.raises(CommandError):
        call_command("create_token", "owner", "--scope", "root")
