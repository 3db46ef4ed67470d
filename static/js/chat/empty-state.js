/** A new chat: who answers, three ways to begin, and what the chosen model may use. */
import { el } from "../dom.js";
import { count, plural } from "./words.js";

export class EmptyState {
  /** `onStart` is given the words of a starter. */
  constructor({ onStart }) {
    this.onStart = onStart;
    this.element = el("section", { class: "empty", "aria-label": "New chat" });
  }

  show({ agent, model }) {
    this.element.replaceChildren(
      el("h2", {}, agent?.name ?? "New chat"),
      el("p", { class: "quiet" }, agent?.description ?? ""),
      el("ul", { class: "starters" }, ...(agent?.starters ?? []).map((words) => this.#starter(words))),
      el(
        "p",
        { class: "whisper number" },
        model ? limitsOf(model) : "No model can be used yet. An administrator can add one.",
      ),
    );
  }

  #starter(words) {
    return el("li", {}, el("button", { type: "button", class: "button", onclick: () => this.onStart(words) }, words));
  }
}

function limitsOf({ name, settings, capabilities }) {
  return [
    name,
    `${count(settings.max_output_tokens)} tokens per call`,
    settings.temperature === null ? "no temperature" : `temperature ${settings.temperature}`,
    `up to ${plural(settings.max_iterations, "iteration")}`,
    `window ${count(capabilities.context_window)}`,
  ].join(" · ");
}
