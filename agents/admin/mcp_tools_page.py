"""The admin page "Tools": it asks a server what it offers, and keeps which agent may use which of it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.audited_admin import AuditedAdmin
from agents.admin.mcp_tools_form import ToolsForm
from agents.llm.errors import ToolFailed
from agents.mcp import reading
from agents.mcp.asking import ask_for_tools, in_words
from agents.mcp.choices import choose
from agents.mcp_cost import most_mcp_tokens
from agents.mcp_rows import McpServer
from agents.roster import all_equipped


def tools_page(model_admin: AuditedAdmin, request: HttpRequest, *, server: McpServer | None) -> HttpResponse:
    if server is None:
        raise Http404("no such server")
    if not model_admin.has_change_permission(request, server):
        raise PermissionDenied
    if request.method != "POST":
        return _page(model_admin, request, server=server, form=ToolsForm(server))
    if "read" in request.POST:
        _read(model_admin, request, server)
        return redirect(_address(server))
    form = ToolsForm(server, request.POST)
    if form.faults:
        return _page(model_admin, request, server=server, form=form)
    _save(model_admin, request, form)
    return redirect(_address(server))


def _read(model_admin: AuditedAdmin, request: HttpRequest, server: McpServer, /) -> None:
    try:
        outcome = in_words(ask_for_tools(server))
    except ToolFailed as failed:
        said, outcome = f"{failed.message[:1].upper()}{failed.message[1:]}.", f"failed: {failed.message}"
        model_admin.message_user(request, said, messages.ERROR)
    else:
        model_admin.message_user(request, f"The connection works: {outcome}.", messages.SUCCESS)
    model_admin.audit(request, server, action="tools read", changes={"outcome": (None, outcome)})


def _save(model_admin: AuditedAdmin, request: HttpRequest, form: ToolsForm, /) -> None:
    server = form.server
    for row in form.looked_at:
        change = {row.name: (row.description, (row.offered or {}).get("description", ""))}
        reading.take_as_looked_at(row)
        model_admin.audit(request, server, action="changed tool accepted", changes=change)
    changes = choose(server, form.wanted)
    if changes:
        told = {f"{one.tool} for {one.agent}": (one.before, one.after) for one in changes}
        model_admin.audit(request, server, action="tools chosen", changes=told)
    said = "Saved. It holds from the next message on." if changes or form.looked_at else "Nothing was changed."
    model_admin.message_user(request, said, messages.SUCCESS)


def _page(model_admin: AuditedAdmin, request: HttpRequest, *, server: McpServer, form: ToolsForm) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": f"Tools of {server}",
        "server": server,
        "form": form,
        "costs": most_mcp_tokens(roster=all_equipped()),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/agents/mcpserver/tools.html", context)


def _address(server: McpServer, /) -> str:
    return reverse("admin:agents_mcpserver_tools", args=[server.pk])
