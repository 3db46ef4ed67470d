/** By the composer: how much of the token limit the newest call carried. Its parts are named on hover and focus. */
import { el, say } from "../dom.js";
import { barPart, partsOf, sizeBars } from "./context-bar.js";
import { count, sentOtherwise } from "./words.js";

export class ContextMeter {
  /** `onOpen(context)`: the reader wants to see all of it. */
  constructor({ element, onOpen }) {
    this.element = element;
    this.bar = element.querySelector("[data-bar]");
    this.words = element.querySelector("[data-words]");
    this.names = element.querySelector("[data-names]");
    element.querySelector("button").addEventListener("click", () => onOpen(this.context));
    element.addEventListener("keydown", (event) => this.#dismiss(event));
    for (const type of ["pointerenter", "focusin"]) {
      element.addEventListener(type, () => element.removeAttribute("data-dismissed"));
    }
  }

  /** `context` of the newest model call, or null. */
  show(context) {
    this.element.hidden = !context;
    if (!context || context.key === this.context?.key) return;
    this.context = context;
    const parts = partsOf(context);
    this.bar.replaceChildren(...parts.map(barPart));
    sizeBars(this.element);
    this.names.replaceChildren(...parts.map(nameOf), ...sentOtherwise(context).map(noteOf));
    const left = context.left_out ? ` · ${count(context.left_out)} not sent` : "";
    say(this.words, `${count(context.tokens)} of ${count(context.limit)} tokens${left}`);
  }

  /** Escape hides the names first, and stops no answer by that. */
  #dismiss(event) {
    if (event.key !== "Escape" || this.element.hasAttribute("data-dismissed")) return;
    event.preventDefault();
    this.element.setAttribute("data-dismissed", "");
  }
}

const nameOf = ({ name, label, tokens }) =>
  el(
    "span",
    { class: "legend-item" },
    el("span", { class: `bar-key bar-${name}`, "aria-hidden": "true" }),
    `${label} `,
    el("span", { class: "number" }, count(tokens)),
  );

const noteOf = (words) => el("p", { class: "whisper context-note" }, words);
