"""The texts that the sandbox says."""

from __future__ import annotations

from itertools import cycle

from agents.llm.messages import ToolResult
from agents.sandbox.accounting import count_tokens
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.faq import find_answer
from agents.sandbox.script.faults import Fault, all_faults, find_fault
from agents.sandbox.script.recall import recall_answer
from agents.sandbox.script.words import Words

_PREVIEW = 80
_MOST_RESULTS = 10
_PADDING = "This sentence is here so that there is enough text for something to go wrong in the middle of it."
_SENTENCES = (
    "This is a long answer, said by the sandbox so that you can watch a stream.",
    "It is no AI, and no thought went into these sentences.",
    "A token is a piece of a word, and a model counts in tokens.",
    "Every token that is streamed here is counted as a real provider would count it.",
    "You can stop this answer at any time, and what was said until then stays.",
    "If you reload the page, the answer goes on where it is.",
    "A rate limit is a bucket that fills up a little every second.",
    "Whoever takes more than is in the bucket has to wait.",
    "Old messages are left out of a call when they no longer fit, and you can see which.",
    "What is left out is not lost: it stays in the conversation.",
)


def help_text() -> str:
    """Every word and every fault, as Markdown."""
    faults = "\n".join(f"| `{fault.name}` | {fault.about} |" for fault in all_faults())
    return (
        "I am the **sandbox**, a stand-in provider and no AI. Begin the first or the last line of a message with one "
        "of these words; they combine, as in `slow long 300`.\n\n"
        "| word | what I do |\n|---|---|\n"
        "| `long N` | answer with about N tokens of text |\n"
        "| `slow` | answer at a human pace (15 tokens a second) |\n"
        "| `loop N` | call tools in N rounds, then answer |\n"
        "| `parallel N` | make N tool calls in one round |\n"
        "| `call TOOL {JSON}` | call that tool, with these arguments or made-up ones |\n"
        "| `think N` | think about N tokens first, at high effort; less at a lower one, more at a higher one |\n"
        "| `echo TEXT` | say TEXT |\n"
        "| `recall WORD` | tell whether WORD is in what I was sent |\n"
        "| `post SOURCE PATH {JSON}` | ask to send this to a source, if I am offered `call_source` |\n"
        "| `fault NAME` | have an accident; `fault NAME N` has it N times for the same question and then answers |\n"
        "| `help` | say this |\n\n"
        f"| fault | what happens |\n|---|---|\n{faults}"
    )


def long_text(*, tokens: int, factor: float) -> str:
    """About `tokens` tokens of Markdown; `factor` is the model's (see `ServedModel`)."""
    text, used = [], 0.0
    for number, sentence in enumerate(cycle(_SENTENCES), start=1):
        piece = sentence + ("\n\n" if number % 4 == 0 else " ")
        used += count_tokens(piece) * factor
        text.append(piece)
        if used >= tokens:
            return "".join(text).rstrip()
    raise AssertionError("a cycle has no end")


def answer_text(request: SandboxRequest, *, words: Words, done: int, fault: Fault | None) -> str:
    """The whole answer after `done` rounds of tool calls; `fault` is the one that strikes in it."""
    parts = (
        _fault_note(request, words=words, fault=fault),
        _rounds_report(request, done=done, asked=words.rounds, asked_to_post=words.post is not None)
        if done or words.rounds
        else "",
        *_asked_texts(request, words=words),
    )
    return "\n\n".join(filter(None, parts)) or _plain_answer(request)


def _asked_texts(request: SandboxRequest, *, words: Words) -> tuple[str, ...]:
    wanted = min(words.long, 2 * request.max_tokens)
    return (
        help_text() if words.help else "",
        words.echo,
        recall_answer(request, words.recall) if words.recall else "",
        long_text(tokens=wanted, factor=request.model.token_factor) if wanted else "",
    )


def _fault_note(request: SandboxRequest, *, words: Words, fault: Fault | None) -> str:
    if not words.fault:
        return ""
    if fault is not None:
        return f"You asked for the fault `{fault.name}`: {fault.about}. {_PADDING}"
    known = find_fault(words.fault)
    if known is None:
        return f"There is no fault `{words.fault}`. Say `help` to see their names."
    return _why_not(known, request=request, words=words)


def _why_not(known: Fault, *, request: SandboxRequest, words: Words) -> str:
    """Why a fault that was asked for does not strike."""
    if words.withheld:
        return (
            f"The fault `{known.name}` would close the account, which everybody here shares, so nothing happens. A "
            "sandbox of your own plays it: `manage.py sandbox --closing-faults`."
        )
    if request.wire not in known.wires:
        return f"The fault `{known.name}` does not exist on this wire, so nothing happens."
    if known.kind == "tool" and not request.callable_tools:
        return f"The fault `{known.name}` needs a tool that I may call, and I was offered none."
    return f"The fault `{known.name}` is over. This is the answer after it."


def _plain_answer(request: SandboxRequest) -> str:
    """What is said when no word was: an answer about the product, or what little the sandbox can tell."""
    return find_answer(request.asking_text) or (
        "I am the **sandbox**, a stand-in provider and no AI, so I cannot really answer that. "
        f"What I can tell is what I was sent: {request.input_tokens:,} tokens (messages: {len(request.messages)}) and "
        f"{_tools_offered(request)}. Say `help` to see what I can do."
    )


def _tools_offered(request: SandboxRequest) -> str:
    names = ", ".join(f"`{tool.name}`" for tool in request.tools[:_MOST_RESULTS])
    more = ", …" if len(request.tools) > _MOST_RESULTS else ""
    return f"tools to call: {len(request.tools)} ({names}{more})" if names else "no tools"


def _rounds_report(request: SandboxRequest, *, done: int, asked: int, asked_to_post: bool) -> str:
    """What came of the tool calls of this turn."""
    if asked_to_post and not done and "call_source" not in {tool.name for tool in request.callable_tools}:
        return "You asked me to post something, but I was offered no `call_source`: ask API Correlator."
    if not request.tools:
        return f"You asked for rounds of tool calls ({asked}), but I was offered no tools."
    if not request.may_call and done < asked:
        head = f"I was cut at the limit after {done} of {asked} rounds of tool calls: I may call no more."
    else:
        head = f"Rounds of tool calls: {done}, as asked." if asked else f"Rounds of tool calls: {done}."
    return "\n".join((head, *_result_lines(request)))


def _result_lines(request: SandboxRequest) -> tuple[str, ...]:
    results = [part for message in request.since_asked for part in message.tool_results]
    lines = tuple(_result_line(result) for result in results[-_MOST_RESULTS:])
    return (f"Results that I was sent: {len(results)}\n", *lines) if lines else ("I was sent no results.",)


def _result_line(result: ToolResult) -> str:
    text = " ".join(result.text.split()).replace("`", "'")
    text = text if len(text) <= _PREVIEW else text[:_PREVIEW] + "…"
    return f"- `{result.name}` {'ok' if result.ok else 'failed'}: `{text or '(empty)'}`"
