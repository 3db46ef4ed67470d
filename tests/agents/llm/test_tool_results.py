from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.llm.messages import ToolResult
from agents.llm.tokens import TokenCounter
from agents.llm.tool_results import (
    Cut,
    apply_cut,
    extract,
    is_extract,
    largest,
    left_out_note,
    plan_cut,
    shorten,
    stub,
    summary_of,
)
from agents.tools.json_path import read_json
from tests.agents.llm.histories import QUARTER, result, tool_texts

O200K = TokenCounter(wire="openai")
CLAUDE = TokenCounter(factor=1.5)
COUNTERS = [QUARTER, O200K, CLAUDE]
LOG = "".join(f"line {n} of the log\n" for n in range(1_000))
RECORDS = {"rows": [{"id": n, "host": f"host-{n}", "tags": ["a", "b", "c"]} for n in range(500)], "total": 500}


def test_a_stub_is_one_line_with_the_size() -> None:
    assert stub(result("c", "x" * 12_345)) == "[Left out to save room: 12,345 characters from get_weather]"


def test_a_stub_names_the_handle() -> None:
    assert stub(result("c", "x" * 500, handle="17-1")).endswith("get_weather; recall 17-1 reads them]")


def test_a_note_names_the_newest_handles_and_counts_the_others() -> None:
    many = [result(f"c{n}", handle=f"{n}-1") for n in range(9)]
    note = left_out_note(many)
    assert note.count("\n") == 1
    assert note.endswith("]\n")
    assert [f"{n}-1 (get_weather)" in note for n in range(9)] == [False] * 3 + [True] * 6
    assert "and 3 before them" in note
    assert "recall" not in left_out_note([result("c")])


class TestExtract:
    """What is stored for the model in place of a result above its cap."""

    @pytest.mark.parametrize("counter", COUNTERS)
    def test_what_is_within_the_cap_is_the_same_object(self, counter: TokenCounter) -> None:
        whole = result("c", LOG, handle="17-1")
        assert extract(whole, max_tokens=counter.text(LOG), counter=counter) is whole

    @pytest.mark.parametrize("counter", COUNTERS)
    def test_a_text_keeps_head_and_tail_and_names_the_handle_and_the_size(self, counter: TokenCounter) -> None:
        short = extract(result("c", LOG, handle="17-1"), max_tokens=250, counter=counter).text
        head, _, rest = short.partition("\n[... ")
        missing, _, tail = rest.partition(" characters left out; recall 17-1 reads all of it ...]\n")
        assert LOG.startswith(head)
        assert LOG.endswith(tail)
        assert int(missing.replace(",", "")) == len(LOG) - len(head) - len(tail)
        assert 225 <= counter.text(short) <= 250

    def test_an_object_keeps_its_shape_and_counts_honestly(self) -> None:
        short = json.loads(extract(result("c", json.dumps(RECORDS), handle="17-1"), max_tokens=300, counter=O200K).text)
        *rows, rest = short["rows"]
        assert rows == RECORDS["rows"][: len(rows)]  # type: ignore[index]
        assert rest == f"... {500 - len(rows):,} of 500 items left out"
        assert short["total"] == 500
        assert short["[shortened]"] == "recall 17-1 reads all of it"

    def test_a_list_keeps_its_first_items_and_says_the_handle_last(self) -> None:
        whole = result("c", json.dumps([*range(5_000)]), handle="17-1")
        *items, missing, handle = json.loads(extract(whole, max_tokens=100, counter=O200K).text)
        assert items == [*range(len(items))]
        assert missing == f"... {5_000 - len(items):,} of 5,000 items left out"
        assert handle == "[shortened] recall 17-1 reads all of it"

    def test_json_that_only_loses_its_white_space_lost_nothing(self) -> None:
        spacious = json.dumps(RECORDS, indent=8)
        short = extract(result("c", spacious, handle="17-1"), max_tokens=O200K.text(spacious) - 1, counter=O200K)
        assert json.loads(short.text) == RECORDS
        assert "17-1" not in short.text

    @pytest.mark.parametrize("text", [LOG, json.dumps(RECORDS), json.dumps([LOG] * 9)])
    def test_an_extract_that_is_cut_again_says_so_and_keeps_the_handle(self, text: str) -> None:
        once = extract(result("c", text, handle="17-1"), max_tokens=600, counter=O200K)
        twice = extract(once, max_tokens=200, counter=O200K).text
        assert "of an extract left out" in twice
        assert "recall 17-1 reads all of it" in twice

    def test_a_few_characters_of_many_tokens_are_said_to_be_left_out(self) -> None:
        whole = result("c", "👩\u200d👩\u200d👧" * 12, handle="17-1")
        assert CLAUDE.text(whole.text) > 2 * 64 > len(whole.text)
        assert "recall 17-1 reads all" in extract(whole, max_tokens=64, counter=CLAUDE).text

    @given(tool_texts, st.integers(64, 3_000), st.sampled_from([QUARTER, CLAUDE]))
    @settings(deadline=None)
    def test_never_above_the_cap_and_the_same_ever_after(self, text: str, cap: int, counter: TokenCounter) -> None:
        whole = result("c", text, handle="68719476735-12")
        once = extract(whole, max_tokens=cap, counter=counter)
        assert counter.text(once.text) <= cap
        assert extract(once, max_tokens=cap, counter=counter) is once
        assert extract(whole, max_tokens=cap, counter=counter) == once
        assert replace(once, text=text) == whole
        left = read_json(once.text)
        lost = once is not whole and (left is None or left != read_json(text))
        assert lost == ("recall 68719476735-12 reads all" in once.text)


def test_a_stub_says_that_the_tool_failed() -> None:
    assert "failure" in stub(result("c", "no such city", ok=False))


def test_a_stub_is_one_line_whatever_the_tool_is_called() -> None:
    odd = ToolResult(call_id="c", name="a\nvery\r\n" + "long " * 100, text="")
    assert len(stub(odd).splitlines()) == 1
    assert len(stub(odd)) < 150
    assert "the tool" in stub(ToolResult(call_id="c", name="", text=""))


@pytest.mark.parametrize("counter", COUNTERS)
def test_what_fits_is_not_touched(counter: TokenCounter) -> None:
    assert shorten(LOG, max_tokens=counter.text(LOG), counter=counter) == LOG
    assert shorten("", max_tokens=0, counter=counter) == ""


@pytest.mark.parametrize("counter", COUNTERS)
def test_a_text_keeps_head_and_tail_and_says_what_is_missing(counter: TokenCounter) -> None:
    short = shorten(LOG, max_tokens=200, counter=counter)
    head, marker, tail = short.partition("\n[... ")
    missing, _, tail = tail.partition(" characters left out ...]\n")
    assert marker
    assert LOG.startswith(head)
    assert LOG.endswith(tail)
    assert 1 < len(head) / len(tail) < 3
    assert int(missing.replace(",", "")) == len(LOG) - len(head) - len(tail)
    assert 180 <= counter.text(short) <= 200


@pytest.mark.parametrize("counter", COUNTERS)
def test_json_keeps_its_shape(counter: TokenCounter) -> None:
    short = json.loads(shorten(json.dumps(RECORDS), max_tokens=300, counter=counter))
    *rows, rest = short["rows"]
    assert rows == RECORDS["rows"][: len(rows)]  # type: ignore[index]
    assert len(rows) > 1
    assert rest == f"... {500 - len(rows)} of 500 items left out"
    assert short["total"] == 500


def test_a_long_string_inside_json_keeps_head_and_tail() -> None:
    short = json.loads(shorten(json.dumps({"log": LOG, "ok": True}), max_tokens=100, counter=O200K))
    assert short["log"].startswith("line 0")
    assert short["log"].endswith("of the log\n")
    assert "characters left out" in short["log"]
    assert short["ok"] is True


def test_an_object_with_many_fields_keeps_the_first() -> None:
    fields = {f"field_{n}": n for n in range(1_000)}
    short = json.loads(shorten(json.dumps(fields), max_tokens=100, counter=O200K))
    *kept, (name, missing) = short.items()
    assert dict(kept) == dict(list(fields.items())[: len(kept)])
    assert (name, missing) == ("...", f"{1_000 - len(kept)} of 1,000 fields left out")


def test_indented_json_loses_its_indentation_first() -> None:
    indented = json.dumps(RECORDS, indent=8)
    compact = json.dumps(RECORDS, separators=(",", ":"))
    assert shorten(indented, max_tokens=O200K.text(compact), counter=O200K) == compact


@pytest.mark.parametrize(
    "odd",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 20_000 + "1" + "}" * 20_000,
        "[" * 700 + "1," * 5_000 + "1" + "]" * 700,
        '{"broken": ' + "1" * 5_000,
        "[" + "9" * 5_000 + "]",
        '["\\ud800' + "x" * 5_000 + '"]',
        json.dumps({"k" * 5_000: 1}),
        json.dumps("a string " * 1_000),
    ],
)
def test_odd_json_is_shortened_all_the_same(odd: str) -> None:
    short = shorten(odd, max_tokens=60, counter=QUARTER)
    assert 0 < QUARTER.text(short) <= 60
    short.encode()


def test_json_that_would_keep_nothing_becomes_head_and_tail() -> None:
    short = shorten(json.dumps({"name " * 100: 1, "other " * 100: 2}), max_tokens=50, counter=O200K)
    assert short.startswith('{"name name')
    assert short.endswith("2}")


def test_where_not_even_the_marker_fits_nothing_is_left() -> None:
    assert shorten(LOG, max_tokens=3, counter=O200K) == ""


def test_arguments_stay_json_even_if_nothing_of_them_is_left() -> None:
    arguments = json.dumps({f"field_{n}" * 20: LOG for n in range(50)})
    cut = plan_cut(arguments, max_tokens=48, counter=CLAUDE, must_stay_json=True)
    short = apply_cut(arguments, cut)
    assert isinstance(json.loads(short), dict)
    assert CLAUDE.text(short) <= 48


@pytest.mark.parametrize("text", [LOG * 100, json.dumps({"log": LOG * 100})])
@pytest.mark.parametrize("factor", [1.0, 1.25, 1.5, 2.3])
def test_the_smallest_size_that_the_limiter_uses_still_says_what_is_missing(text: str, factor: float) -> None:
    assert "left out" in shorten(text, max_tokens=48, counter=TokenCounter(factor=factor))


def test_a_cut_gives_the_same_whatever_counts() -> None:
    cut = plan_cut(LOG, max_tokens=100, counter=O200K)
    assert cut == Cut(shape="text", keep=cut.keep)
    assert apply_cut(LOG, cut) == shorten(LOG, max_tokens=100, counter=O200K)


@given(text=tool_texts, max_tokens=st.integers(0, 400))
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("counter", COUNTERS)
def test_never_larger_than_asked(counter: TokenCounter, text: str, max_tokens: int) -> None:
    short = shorten(text, max_tokens=max_tokens, counter=counter)
    assert counter.text(short) <= max_tokens
    assert short == shorten(text, max_tokens=max_tokens, counter=counter)


@given(
    text=tool_texts.filter(lambda text: len(text) > 2_000), sizes=st.tuples(st.integers(0, 200), st.integers(0, 200))
)
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("counter", COUNTERS)
def test_more_tokens_never_keep_less(counter: TokenCounter, text: str, sizes: tuple[int, int]) -> None:
    small, large = (plan_cut(text, max_tokens=size, counter=counter) for size in sorted(sizes))
    if small.shape == large.shape:
        assert small.keep <= large.keep
    else:
        assert (small.shape, large.shape) == ("text", "json")


@given(fitting=st.sets(st.integers(0, 300)), more=st.sets(st.integers(0, 300)), limit=st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_the_largest_that_fits_does_fit_and_grows_with_what_fits(fitting: set[int], more: set[int], limit: int) -> None:
    found = largest(lambda n: n in fitting, limit=limit)
    assert found == -1 or (found in fitting and found <= limit)
    assert (found == -1) == (0 not in fitting)
    assert found <= largest(lambda n: n in fitting | more, limit=limit)


@given(edge=st.integers(-1, 500), limit=st.integers(0, 400))
@settings(max_examples=200, deadline=None)
def test_the_largest_is_exact_where_fitting_is_monotone(edge: int, limit: int) -> None:
    assert largest(lambda n: n <= edge, limit=limit) == min(edge, limit)


@pytest.mark.parametrize("text", ['{"found":2}', "{}", "{ }", "2 logs", '["a"]', '{"broken":', "", "{not json}"])
def test_a_summary_says_where_the_whole_is_read_and_stays_json(text: str) -> None:
    told = summary_of(text, "12-1")
    assert is_extract(told, "12-1")
    if isinstance(before := read_json(text), dict):
        assert json.loads(told) == {**before, "[summarised]": "recall 12-1 reads all of it"}
    else:
        assert told.startswith(text)
