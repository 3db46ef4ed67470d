"""`manage.py read_mcp_tools [SLUG ...]`: what MCP servers offer, as the page "Tools" in admin reads it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import audit
from accounts.models import AuditEntry
from agents.llm.errors import ToolFailed
from agents.mcp.asking import ask_for_tools, in_words
from agents.mcp_rows import McpServer


class Command(BaseCommand):
    help = "Ask MCP servers which tools they offer. What they describe otherwise than before is held back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slugs", nargs="*", metavar="SLUG", help="The servers; none: all that are switched on.")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = [server.slug for server in _servers(options["slugs"]) if not self._read(server)]
        if failed:
            raise CommandError(f"These did not answer, and stay as they were: {', '.join(failed)}.")

    def _read(self, server: McpServer) -> bool:
        try:
            outcome = in_words(ask_for_tools(server))
        except ToolFailed as error:
            self.stderr.write(f"{server.slug}: {error.message}")
            return False
        self.stdout.write(f"{server.slug}: {outcome}")
        changes = {"outcome": (None, outcome)}
        audit.record(actor=None, door=AuditEntry.Door.SYSTEM, action="tools read", target=server, changes=changes)
        return True


def _servers(slugs: list[str]) -> list[McpServer]:
    found = {row.slug: row for row in McpServer.objects.all()}
    if missing := [slug for slug in slugs if slug not in found]:
        raise CommandError(f"There is no MCP server {', '.join(missing)}; nothing was read.")
    return [found[slug] for slug in slugs] or [row for row in found.values() if row.enabled]
