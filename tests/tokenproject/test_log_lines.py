"""What reaches the log."""

from __future__ import annotations

import logging

import pytest
from django.test import Client

from tokenproject.log_lines import OneLine


def line(message: str, *arguments: object) -> str:
    record = logging.LogRecord(
        name="django.security", level=logging.WARNING, pathname="", lineno=0, msg=message, args=arguments, exc_info=None
    )
    return OneLine("{levelname} {message}", style="{").format(record)


@pytest.mark.parametrize("place", ["setup", "invite", "new-password"])
def test_the_secret_of_a_link_is_not_logged(place: str) -> None:
    logged = line("Forbidden (%s): %s", "no cookie", f"/{place}/s3cr3t-S3CR3T_1/")
    assert "s3cr3t" not in logged
    assert f"/{place}/…/" in logged


def test_what_a_provider_says_cannot_forge_a_line() -> None:
    logged = line("failed: %s", "x\n2026-01-01 ERROR root: forged \x1b]0;pwn\x07")
    assert "\n" not in logged
    assert "\x1b" not in logged
    assert "forged" in logged


def test_a_traceback_keeps_its_lines() -> None:
    try:
        raise ValueError("why")
    except ValueError as error:
        record = logging.LogRecord("a", logging.ERROR, "", 0, "broke", (), (type(error), error, error.__traceback__))
    assert "\nValueError: why" in OneLine("{message}", style="{").format(record)


def test_a_host_that_is_none_of_ours_is_one_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/login/", headers={"Host": "evil.example"}).status_code == 400
    [record] = [record for record in caplog.records if record.name == "django.security.DisallowedHost"]
    assert "evil.example" in record.getMessage()
    assert record.exc_info is None
