/**
 * A message body that grows. Finished blocks are frozen: their nodes are never touched again. Only the last block is
 * parsed and patched anew, so a long answer costs no more per word than a short one and never blinks.
 */
import { el } from "../dom.js";
import { closeInline, holdBackMarker } from "./complete-tail.js";
import { dress } from "./dress.js";
import { highlight } from "./highlight.js";
import { blockLines, parse, render } from "./markdown.js";
import { morphChildren } from "./morph.js";
import { sanitise } from "./sanitise.js";
import { showControls, visibleControls } from "./visible-controls.js";

export class StreamedMarkdown {
  /** `body`: the element that holds the message, and nothing else. */
  constructor(body) {
    this.body = body;
    this.#reset();
  }

  #reset() {
    this.source = "";
    this.frozenAt = 0; // characters of the source that are frozen
    this.frozenBlocks = 0; // children of the body that are frozen
    this.references = {}; // link definitions in the frozen part
  }

  /** Show `source`, the text so far. It continues what was shown; if it does not, it is shown anew. */
  update(source) {
    if (source === this.source) return;
    this.#draw(source, () => this.#grow(source));
  }

  /** Show `source`, which is the whole text. */
  finish(source) {
    this.#draw(source, () => this.#complete(source));
  }

  /** Whatever a message holds, it must not stop the page: one that cannot be drawn is shown as plain text. */
  #draw(source, drawing) {
    if (!source.startsWith(this.source)) this.#reset();
    this.source = source;
    try {
      drawing();
    } catch (error) {
      console.error("A message could not be drawn; it is shown as plain text.", error);
      this.#reset();
      this.source = source;
      this.body.replaceChildren(plainText(source));
    }
  }

  #grow(source) {
    const tail = completed(source.slice(this.frozenAt), this.references);
    const references = { ...this.references };
    const tokens = parse(tail, references);
    const blocks = blocksOf(tokens);
    morphChildren(this.body, this.frozenBlocks, blocks);
    const lines = blockLines(tokens);
    if (lines.length > 1) this.#freeze({ tail, line: lines.at(-1), count: blocks.length - 1 });
  }

  #complete(source) {
    const references = { ...this.references };
    let tokens = parse(source.slice(this.frozenAt), references);
    // A link may be defined after the block that uses it, and that block is frozen: once, all is drawn again.
    if (this.frozenAt && Object.keys(references).length) {
      this.frozenAt = this.frozenBlocks = 0;
      tokens = parse(source);
    }
    morphChildren(this.body, this.frozenBlocks, blocksOf(tokens));
    this.#highlightFrom(this.frozenBlocks, this.body.children.length);
    this.frozenBlocks = this.body.children.length;
    this.frozenAt = source.length;
  }

  #freeze({ tail, line, count }) {
    const length = offsetOfLine(tail, line);
    parse(tail.slice(0, length), this.references);
    this.frozenAt += length;
    this.#highlightFrom(this.frozenBlocks, this.frozenBlocks + count);
    this.frozenBlocks += count;
  }

  #highlightFrom(first, end) {
    for (const block of [...this.body.children].slice(first, end)) highlight(block);
  }
}

const blocksOf = (tokens) => [...dress(showControls(sanitise(render(tokens)))).children];

function plainText(source) {
  const text = el("p");
  for (const line of visibleControls(source).split("\n")) text.append(line, el("br"));
  return text;
}

function completed(tail, references) {
  const held = holdBackMarker(tail);
  const last = parse(held, { ...references }).findLast((token) => token.content);
  return last?.type === "inline" ? closeInline(held, last.content) : held;
}

function offsetOfLine(text, line) {
  let offset = 0;
  for (let n = 0; n < line; n += 1) offset = text.indexOf("\n", offset) + 1;
  return offset;
}
