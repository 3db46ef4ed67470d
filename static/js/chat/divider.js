/** Where the last model call began to read: what stands above the line was not sent, and the line says so. */
import { el, say } from "../dom.js";
import { count, notSent, sentOtherwise } from "./words.js";

export class Divider {
  /** `onOpen(context)`: the reader wants to see what was sent, message by message. */
  constructor({ root, onOpen }) {
    this.root = root;
    this.summary = el("summary", { class: "divider-words" });
    this.detail = el("p", { class: "whisper" });
    const open = el("button", { type: "button", class: "button button-plain", onclick: () => onOpen(this.context) });
    open.append("Show what was sent");
    this.element = el("details", { class: "divider" }, this.summary, this.detail, open);
  }

  /** `context` of the newest model call, or null. */
  show(context) {
    const first = context?.left_out && context.boundary && this.#messageElement(context.boundary);
    if (!first) return this.element.remove();
    this.context = context;
    say(this.summary, notSent(context));
    say(this.detail, `They stay in the conversation. ${whyNot(context)}`);
    if (first.previousElementSibling !== this.element) first.before(this.element);
    return undefined;
  }

  #messageElement(id) {
    return this.root.querySelector(`[data-message="${CSS.escape(id)}"]`);
  }
}

function whyNot(context) {
  if (context.built_tokens) return sentOtherwise(context)[0];
  return (
    `The last model call carried ${count(context.tokens)} of at most ${count(context.limit)} tokens, so the oldest ` +
    "messages were left out. Max Output Tokens in the settings changes that from the next turn on."
  );
}

/**
 * The context of the newest model call among `states` (in the order of the transcript), with its `turn`. `key` changes
 * whenever there is more to know of it.
 */
export function newestContext(states) {
  for (const state of states.toReversed()) {
    const last = state.iterations.findLast((iteration) => iteration.context);
    if (last) return { ...last.context, turn: state.turn, key: keyOf(last, state) };
  }
  return null;
}

/** A call that waits may be cut, and its reply capped. */
const keyOf = ({ context: { call, tokens, reply_cap: cap }, usage }, { status }) =>
  [call, tokens, cap, Boolean(usage), status].join(" ");
