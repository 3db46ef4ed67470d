"""How an answer is drawn while it is written: it never shrinks, never blinks, and does no harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import Noise
from tests.e2e.hostile_markdown import BROKEN_LINKS, HOSTILE, NO_ADDRESSES, TURNED

SAMPLE = (Path(__file__).parent / "sample.md").read_text()

# Streams `source` in random pieces of up to `size` characters and notes what a reader would have seen.
STREAM = """async ({ source, seed, size }) => {
  const { StreamedMarkdown } = await import("/static/js/markdown/streamed-markdown.js");
  let state = seed;
  const random = () => (state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
  const lettersIn = (element) => (element.textContent.match(/[\\p{L}\\p{N}]/gu) ?? []).length;
  const body = document.body.appendChild(document.createElement("div"));
  const markdown = new StreamedMarkdown(body);
  const seen = { shrank: [], thawed: [], most: 0 };
  let frozen = [];
  for (let at = 0; at < source.length; ) {
    at = Math.min(source.length, at + 1 + Math.floor(random() * size));
    markdown.update(source.slice(0, at));
    const letters = lettersIn(body);
    if (letters < seen.most) seen.shrank.push(source.slice(Math.max(0, at - 40), at));
    seen.most = Math.max(seen.most, letters);
    if (frozen.some((node, index) => body.children[index] !== node)) seen.thawed.push(at);
    frozen = [...body.children].slice(0, markdown.frozenBlocks);
  }
  seen.blocks = frozen.length;
  markdown.finish(source);
  const whole = document.body.appendChild(document.createElement("div"));
  new StreamedMarkdown(whole).finish(source);
  const plain = (element) => element.innerHTML.replace(/<span class="hljs[^>]*>|<\\/span>/g, "");
  return { ...seen, same: plain(body) === plain(whole), last: lettersIn(body) };
}"""


@pytest.mark.parametrize("size", [1, 3, 9, 60])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_growing_answer_never_shrinks(modules: Page, seed: int, size: int) -> None:
    seen = modules.evaluate(STREAM, {"source": SAMPLE, "seed": seed, "size": size})
    assert seen["shrank"] == []
    assert seen["thawed"] == []
    assert seen["blocks"] > 15
    assert seen["last"] >= seen["most"]
    assert seen["same"], "what was streamed differs from what a reload shows"


def test_a_link_may_be_defined_after_its_use(modules: Page) -> None:
    source = "See [the log][log].\n\nMore.\n\n[log]: https://logs.example/1\n"
    seen = modules.evaluate(STREAM, {"source": source, "seed": 1, "size": 4})
    assert seen["same"]
    expect(modules.get_by_role("link", name="the log").first).to_have_attribute("href", "https://logs.example/1")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**bol", "bol"),
        ("a **bold** and *ital", "a bold and ital"),
        ("run `make te", "run make te"),
        ("see [the docs](https://exa", "see the docs"),
        ("para\n-", "para"),
        ("para\n==", "para"),
        ("1. one\n2", "one"),
        ("~~go", "go"),
        ("fish &am", "fish"),
        ("| a | b |\n|--", "| a | b |"),
    ],
)
def test_what_is_half_written_reads_well(modules: Page, written: str, shown: str) -> None:
    draw = """async (source) => {
      const { StreamedMarkdown } = await import("/static/js/markdown/streamed-markdown.js");
      const body = document.createElement("div");
      new StreamedMarkdown(body).update(source);
      return body.textContent.trim();
    }"""
    assert modules.evaluate(draw, written) == shown


def test_text_is_not_selected_anew_with_every_word(modules: Page) -> None:
    """The node of the last paragraph stays while it grows, and with it the reader's selection."""
    grow = """async () => {
      const { StreamedMarkdown } = await import("/static/js/markdown/streamed-markdown.js");
      const body = document.body.appendChild(document.createElement("div"));
      const markdown = new StreamedMarkdown(body);
      markdown.update("one two");
      getSelection().setBaseAndExtent(body.querySelector("p").firstChild, 0, body.querySelector("p").firstChild, 3);
      markdown.update("one two **three** four");
      markdown.update("one two **three** four\\n\\nfive");
      return getSelection().toString();
    }"""
    assert modules.evaluate(grow) == "one"


# Draws each text as a stream and as a whole, lets htmx look at it, and lists what should not be there.
DRAW_HOSTILE = """async (texts) => {
  const { StreamedMarkdown } = await import("/static/js/markdown/streamed-markdown.js");
  const TAGS = new Set(("P BR HR H1 H2 H3 H4 H5 H6 UL OL LI BLOCKQUOTE PRE CODE EM STRONG S A TABLE THEAD TBODY TR " +
    "TH TD DIV SPAN FIGURE FIGCAPTION BUTTON svg use").split(" "));
  const ATTRIBUTES = new Set(("href target rel title class start align tabindex role aria-label aria-hidden type " +
    "data-copy-code").split(" "));
  const wrong = [];
  for (const text of texts) {
    for (const step of [1, 4, text.length]) {
      const body = document.body.appendChild(document.createElement("div"));
      const markdown = new StreamedMarkdown(body);
      for (let at = step; at < text.length; at += step) markdown.update(text.slice(0, at));
      markdown.finish(text);
      htmx.process(body);
      for (const element of body.querySelectorAll("*")) {
        if (!TAGS.has(element.nodeName)) wrong.push([text, element.nodeName]);
        for (const { name, value } of element.attributes) {
          const link = name === "href" && element.nodeName === "A";
          if (!ATTRIBUTES.has(name)) wrong.push([text, name]);
          if (link && !/^(https?:\\/\\/|mailto:)/.test(value)) wrong.push([text, value]);
          if (link && (element.rel !== "noopener noreferrer" || element.target !== "_blank")) wrong.push([text, "rel"]);
        }
      }
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { wrong, harmed: window.harmed ?? null, polluted: ({}).polluted ?? null };
}"""


def test_hostile_text_is_only_text(chat: ChatPage) -> None:
    """Under the page's policy, outside its hx-ignore wrapper: markdown and sanitiser alone must hold."""
    asked = watch_requests(chat.page)
    seen = chat.page.evaluate(DRAW_HOSTILE, list(HOSTILE))
    assert seen == {"wrong": [], "harmed": None, "polluted": None}
    assert [url for url in asked if "/static/lib/highlight/" not in url] == []
    expect(chat.field).to_be_visible()


def test_hostile_text_from_the_server_live_and_after_a_reload(chat: ChatPage) -> None:
    asked = watch_requests(chat.page)
    chat.ask("echo " + "\n\n".join(HOSTILE).replace("\x01", ""))
    chat.page.reload()
    expect(chat.turns).to_have_count(1)
    assert chat.page.evaluate("window.harmed") is None
    assert [url for url in asked if not url.startswith((chat.origin, chat.origin.replace("http", "ws")))] == []
    assert chat.page.url.startswith(f"{chat.origin}/c/")
    expect(chat.field).to_be_visible()


def test_what_is_no_address_does_not_stop_the_page(chat: ChatPage) -> None:
    for address in NO_ADDRESSES:
        text = f"[read]({address}) {address} <{address}> ![a graph]({address})"
        expect(chat.ask(f"echo {text}").locator(".prose")).to_contain_text("read")
    chat.page.reload()
    expect(chat.turns).to_have_count(len(NO_ADDRESSES))
    for turn in chat.turns.all():
        expect(turn.locator(".prose")).to_contain_text("read")
    expect(chat.ask("echo and on it goes").locator(".prose")).to_contain_text("and on it goes")


def watch_requests(page: Page) -> list[str]:
    """The addresses that the page asks for from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


def drawn(page: Page, text: str) -> dict[str, Any]:
    draw = """async (source) => {
      const { StreamedMarkdown } = await import("/static/js/markdown/streamed-markdown.js");
      const body = document.createElement("div");
      new StreamedMarkdown(body).finish(source);
      const links = [...body.querySelectorAll("a")].map((link) => [link.textContent, link.href]);
      return { text: body.textContent.trim(), links, html: body.innerHTML };
    }"""
    result: dict[str, Any] = page.evaluate(draw, text)
    return result


def test_a_link_that_names_another_host_says_where_it_goes(modules: Page) -> None:
    seen = drawn(
        modules, "[https://bank.example/login](https://evil.example/) and [bank.example](https://bank.example/)"
    )
    assert seen["text"] == "https://bank.example/login (evil.example) and bank.example"


def test_a_link_that_goes_nowhere_is_its_text(modules: Page) -> None:
    for text in BROKEN_LINKS:
        seen = drawn(modules, text)
        assert seen["text"], text
        assert seen["links"] == [], text


def test_a_message_that_cannot_be_drawn_is_plain_text(modules: Page, noise: Noise) -> None:
    noise.expect("A message could not be drawn")
    draw = """async () => {
      const { StreamedMarkdown } = await import("/static/js/markdown/streamed-markdown.js");
      const body = document.createElement("div");
      const markdown = new StreamedMarkdown(body);
      const { replaceWith } = Element.prototype;
      const seen = [];
      markdown.update("**one**\\n\\ntwo");
      Element.prototype.replaceWith = () => { throw new Error("no table can be dressed"); };
      markdown.update("**one**\\n\\n| a |\\n|---|\\n| b |\\n\\nthree");
      seen.push(body.innerHTML);
      markdown.finish("**one**\\n\\n| a |\\n|---|\\n| b |\\n\\nthree\\u202e");
      seen.push(body.innerHTML);
      Element.prototype.replaceWith = replaceWith;
      markdown.finish("**one** more");
      return [...seen, body.innerHTML];
    }"""
    plain = "<p>**one**<br><br>| a |<br>|---|<br>| b |<br><br>three{}<br></p>"
    assert modules.evaluate(draw) == [plain.format(""), plain.format("‹U+202E›"), "<p><strong>one</strong> more</p>"]


def test_one_word_that_names_another_host_is_enough(modules: Page) -> None:
    for link, shown in {
        "[https://bank.example login](https://evil.example/)": "https://bank.example login (evil.example)",
        "[bank.example login](https://evil.example/)": "bank.example login (evil.example)",
        "[go to https://bank.example](https://evil.example/)": "go to https://bank.example (evil.example)",
        "[https://bank.example login](https://bank.example/)": "https://bank.example login",
        "[the bank](https://bank.example/)": "the bank",
    }.items():
        assert drawn(modules, link)["text"] == shown


def test_a_host_in_another_script_is_spelled_out(modules: Page) -> None:
    seen = drawn(modules, "[apple.com](https://аррӏе.com/)")
    assert "(xn--" in seen["text"]


def test_characters_that_turn_text_around_are_visible(modules: Page) -> None:
    assert drawn(modules, "invoice\u202egpj.exe \u2066x\u2069 \U000e0041")["text"] == (
        "invoice‹U+202E›gpj.exe ‹U+2066›x‹U+2069› ‹U+E0041›"
    )


def test_no_way_of_writing_it_turns_text_around(modules: Page) -> None:
    for text in TURNED:
        seen = drawn(modules, text)
        assert "‹U+202E›" in seen["text"], text
        assert "\u202e" not in seen["html"], text
        streamed = modules.evaluate(STREAM, {"source": f"Before.\n\n{text}\n\nAfter.", "seed": 1, "size": 3})
        assert streamed["same"], text


def test_what_is_unseen_is_written_out(modules: Page) -> None:
    for hidden in "\u0081\u00ad\u061c\u200b\u200e\u200f\u202a\u202d\u2060\u2066\u2069\ufeff":
        written = f"‹U+{ord(hidden):04X}›"
        assert drawn(modules, f"a{hidden}b `c{hidden}d`")["text"] == f"a{written}b c{written}d"


def test_joiners_stay(modules: Page) -> None:
    """Persian, Hindi and a family in one emoji are written with them."""
    text = "می\u200cخواهم क्\u200dष 👨\u200d👩\u200d👧"
    assert drawn(modules, text)["text"] == text


# Seconds that the completion of `text` takes.
COMPLETE = """async (text) => {
  const { closeInline, holdBackMarker } = await import("/static/js/markdown/complete-tail.js");
  const begun = performance.now();
  closeInline(holdBackMarker(text), text);
  return (performance.now() - begun) / 1000;
}"""
LONG_RUN = 80_000  # characters; work that grows with their square takes half a minute, work that grows with them 10 ms


LONG_RUNS = (
    " " * LONG_RUN + "x",
    "> " * (LONG_RUN // 2) + "x",
    "*" * LONG_RUN + "a",
    "``a" + "`" * LONG_RUN + "a",
    "a " + "x~~ *a " * (LONG_RUN // 7) + "a",
)


def test_a_long_run_of_marks_does_not_hold_up_the_page(modules: Page) -> None:
    for text in LONG_RUNS:
        for last in ("", "\nb"):
            assert modules.evaluate(COMPLETE, text + last) < 5, text[-20:]


def test_an_image_is_named_not_fetched(modules: Page) -> None:
    seen = drawn(modules, "![a graph](https://tracker.example/p.png?u=1)")
    assert seen["text"] == "Image from tracker.example: a graph"
    assert "<img" not in seen["html"]


def test_columns_and_numbers_keep_their_place(modules: Page) -> None:
    seen = drawn(modules, "3. three\n4. four\n\n| a | b |\n|:-:|--:|\n| 1 | 2 |")
    assert '<ol start="3">' in seen["html"]
    assert '<td align="center">1</td>' in seen["html"]
    assert '<td align="right">2</td>' in seen["html"]
