/** What a model call carried, message by message: a column beside the transcript, a sheet where there is no room. */
import { sizeBars } from "./context-bar.js";

const WIDE = matchMedia("(min-width: 75rem)");

export class Inspector {
  #shown = null; // { turn, n, key }; n is null for the newest call
  #opener = null;

  /** `address` holds `anyId` where the turn's id goes. */
  constructor({ dialog, address, anyId, onSignedOut, onFail }) {
    Object.assign(this, { dialog, address, anyId, onSignedOut, onFail });
    this.body = dialog.querySelector("[data-inspector-body]");
    this.heading = dialog.querySelector("h2");
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.#closed());
    dialog.addEventListener("click", (event) => this.#clicked(event));
    dialog.addEventListener("keydown", (event) => this.#key(event));
    WIDE.addEventListener("change", () => this.#fitWidth());
  }

  /** Show the newest call of `turn`; from then on it follows the conversation. */
  async open({ turn }) {
    this.#opener = document.activeElement;
    if (!(await this.#load({ turn, n: null }))) return;
    if (!this.dialog.open) this.#show();
    this.heading.focus();
  }

  #show() {
    this.dialog[WIDE.matches ? "show" : "showModal"]();
  }

  /** A page that was made narrow has no room for a column, and one that was made wide needs no sheet. */
  #fitWidth() {
    if (!this.dialog.open) return;
    this.dialog.close();
    this.#show();
  }

  /** A new call was made, or the provider has counted it: show that, unless the reader looks at an earlier one. */
  follow(context) {
    if (!this.dialog.open || this.#shown?.n !== null) return;
    if (!context) this.dialog.close();
    else if (context.key !== this.#shown.key) this.#load({ turn: context.turn, n: null, key: context.key });
  }

  #clicked({ target }) {
    const call = target.closest("[data-call]")?.dataset.call;
    if (call) this.#load({ turn: this.#shown.turn, n: call }).then(() => this.heading.focus());
    else if (target === this.dialog) this.dialog.close(); // beside the sheet
  }

  /** As a column it is no modal dialog, so the browser leaves Escape to us. */
  #key(event) {
    if (event.key !== "Escape" || this.dialog.matches(":modal")) return;
    event.preventDefault();
    this.dialog.close();
  }

  #closed() {
    if (this.dialog.open) return; // only fitted to another width
    this.#shown = null;
    if (this.#opener?.isConnected) this.#opener.focus();
  }

  async #load({ turn, n, key = null }) {
    const wanted = { turn, n, key };
    this.#shown = wanted;
    const query = n === null ? "" : `?n=${n}`;
    const html = await this.#fetch(this.address.replace(this.anyId, turn) + query);
    if (html === null || this.#shown !== wanted) return false;
    const page = new DOMParser().parseFromString(html, "text/html");
    this.body.replaceChildren(...page.body.children);
    sizeBars(this.body);
    return true;
  }

  async #fetch(address) {
    const response = await fetch(address, { credentials: "same-origin" }).catch(() => null);
    if (response?.redirected) this.onSignedOut();
    else if (!response?.ok) this.onFail("What was sent could not be loaded. Nothing is lost; try again in a moment.");
    else return response.text();
    return null;
  }
}
