/** Short news at the edge of the page. One that failed stays until it is closed. */
import { el, iconButton } from "../dom.js";

const SHOWN = 6_000; // milliseconds

export class Toasts {
  constructor(element) {
    this.element = element;
  }

  /** `link`: { href, label } */
  say(text, { link = null, error = false } = {}) {
    const toast = el(
      "div",
      { class: error ? "toast toast-error" : "toast" },
      el("span", { dir: "auto" }, text),
      link && el("a", { href: link.href }, link.label),
      iconButton({ icon: "close", label: "Close", onclick: () => toast.remove() }),
    );
    this.element.append(toast);
    if (!error) setTimeout(() => toast.remove(), SHOWN);
  }

  fail = (text) => this.say(text, { error: true });
}
