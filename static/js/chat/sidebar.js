/** The list of conversations: drawn by the server, kept fresh by what the socket says; a sheet on a narrow page. */
import { RowActions } from "./row-actions.js";

const PAUSE = 150; // milliseconds

export class Sidebar {
  #running = new Set();
  #timer = null;

  /** `onGone` is called when the open conversation was deleted. */
  constructor({ root, toasts, onGone }) {
    this.root = root;
    this.toasts = toasts;
    this.panel = root.querySelector("[data-sidebar]");
    this.list = root.querySelector("[data-conversations]");
    this.bar = document.querySelector("[data-chat-title]");
    this.actions = new RowActions({ root, list: this.list });
    this.list.addEventListener("htmx:after:swap", () => this.#drawn());
    this.onGone = onGone;
    for (const button of document.querySelectorAll("[data-sidebar-toggle]")) {
      button.addEventListener("click", () => this.#toggle());
    }
    this.panel.addEventListener("keydown", (event) => event.key === "Escape" && this.#close(event));
    root.querySelector("[data-shade]").addEventListener("click", (event) => this.#close(event));
    this.#drawn();
  }

  /** A word from the server about any conversation of the user. `open` is the one on the page. */
  heard({ kind, conversation }, open) {
    if (kind === "turn_started") this.#running.add(conversation);
    if (kind === "turn_ended") this.#ended(conversation, open);
    if (kind === "deleted" && conversation === open) return this.onGone();
    return this.refresh();
  }

  /** The page has another address. */
  moved() {
    this.refresh();
  }

  /** Soon, and once for many reasons; not while a menu of the list is open. */
  refresh() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refreshNow(), PAUSE);
  }

  #refreshNow() {
    if (this.list.querySelector("details[open]")) return this.refresh();
    const rows = this.list.querySelectorAll("[data-conversation]").length;
    this.list.setAttribute("hx-get", `${this.list.dataset.address}?rows=${rows}`);
    return this.list.dispatchEvent(new CustomEvent("refresh"));
  }

  #ended(conversation, open) {
    this.#running.delete(conversation);
    if (conversation === open) return;
    const row = this.#row(conversation);
    const title = row?.querySelector("a").textContent.trim() ?? "Another chat";
    this.toasts.say(`“${title}” has its answer.`, {
      link: row && { href: row.querySelector("a").href, label: "Show" },
    });
  }

  #row = (id) => this.list.querySelector(`[data-conversation="${CSS.escape(id)}"]`);

  #drawn() {
    for (const row of this.list.querySelectorAll("[data-conversation]")) {
      const link = row.querySelector("a");
      const current = link.pathname === location.pathname;
      link.toggleAttribute("aria-current", current);
      if (current) this.#showTitle(link.textContent.trim(), link);
      if (this.#running.has(row.dataset.conversation)) row.dataset.running = "";
    }
  }

  #showTitle(title, link) {
    link.setAttribute("aria-current", "page");
    this.bar.textContent = title;
    document.title = `${title} · Tokenproject`;
  }

  #toggle() {
    const wide = matchMedia("(min-width: 56.25rem)").matches;
    if (wide) return this.#collapse(this.root.toggleAttribute("data-collapsed"));
    const open = this.root.toggleAttribute("data-sheet");
    this.root.querySelector("main").inert = open;
    if (open) this.panel.querySelector("a, button").focus();
    return undefined;
  }

  #collapse(collapsed) {
    document.cookie = `sidebar=${collapsed ? "closed" : "open"}; path=/; max-age=31536000; samesite=lax`;
  }

  #close(event) {
    if (!this.root.hasAttribute("data-sheet")) return;
    event.stopPropagation();
    this.#toggle();
    document.querySelector("[data-sidebar-toggle]").focus();
  }
}
