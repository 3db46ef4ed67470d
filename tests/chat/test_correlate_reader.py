"""`correlate` reads the results of its own conversation, and of no other."""

from __future__ import annotations

import json

import pytest
import pytest_asyncio

from accounts.models import User
from agents.llm.messages import ToolCall, ToolResult
from agents.llm.tools import SummarisedResult, ToolSet, run_tool
from agents.tools.correlate import bound, correlate
from chat.recall_reader import ConversationReader
from tests.chat.stage import HeldSandbox, rows
from tests.chat.test_recall_reader import Talk, ask, look_up, say, talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = json.dumps([{"id": n, "amount": n, "note": "x" * 40} for n in range(1_000)])
SHORT = json.dumps([{"id": n, "amount": n + (n == 3)} for n in range(10)])


@pytest_asyncio.fixture(loop_scope="module")
async def other(sandbox: HeldSandbox) -> User:
    return await rows(User.objects.create_user, username="other-correlating")


async def correlated(one: Talk, *, reader_of: Talk, handles: list[str]) -> ToolResult:
    owner, conversation = reader_of.conversation.owner_id, reader_of.conversation.pk
    reader = ConversationReader(context=one.context, owner_id=owner, conversation_id=conversation)
    arguments = {"left": handles[:1], "right": handles[1:], "keys": ["id"]}
    call = ToolCall(id="c", name="correlate", arguments=json.dumps(arguments))
    return await run_tool(bound(ToolSet([correlate]), reader=reader), call)


async def test_a_stored_result_is_read_whole_and_a_short_one_from_its_message(user: User, other: User) -> None:
    answer, found = look_up(LONG, SHORT)
    handles = [part.handle for part in found.tool_results]
    mine = await talk(user, ask("Look."), answer, found, say("Done."), ask("And?"))
    result = await correlated(mine, reader_of=mine, handles=handles)
    assert isinstance(result, SummarisedResult)
    told = json.loads(result.text)["mismatches"]
    assert (told["value"], told["missing_on_right"]) == (1, 990)

    theirs = await talk(other, ask("Hello?"))
    again = await talk(user, ask("Hello?"))
    for elsewhere in (theirs, again):
        refused = await correlated(elsewhere, reader_of=elsewhere, handles=handles)
        assert not refused.ok
        assert f"no result with the handle '{handles[0]}'" in refused.text
