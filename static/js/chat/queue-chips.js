/** Messages that wait for the running answer: one chip each, in order, with a way out. */
import { el, iconButton } from "../dom.js";
import { visibleControls } from "../markdown/visible-controls.js";

const LONGEST = 120; // characters of a message that a chip shows

export class QueueChips {
  /** `cancel` is given the item. */
  constructor({ element, cancel }) {
    this.element = element;
    this.cancel = cancel;
  }

  /** `items`: [{ key, text, note (null, or why it was not sent) , retry? }], oldest first. */
  show(items) {
    this.element.hidden = items.length === 0;
    this.element.replaceChildren(...items.map((item, index) => this.#chip(item, index)));
  }

  #chip(item, index) {
    const place = item.note ?? (index === 0 ? "Next" : `${index + 1}.`);
    return el(
      "li",
      { class: "chip", "data-failed": Boolean(item.retry) },
      el("span", { class: "whisper number" }, place),
      el("span", { class: "chip-text", dir: "auto" }, visibleControls(item.text.slice(0, LONGEST))),
      item.retry ? iconButton({ icon: "retry", label: "Retry", onclick: item.retry }) : null,
      iconButton({ icon: "close", label: "Remove from the queue", onclick: () => this.cancel(item) }),
    );
  }
}
