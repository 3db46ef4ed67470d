/**
 * What the agent wants to change and may not without its reader: a card for each, beside the composer and never in an
 * answer, so that no text of a model can pass for one. A decision holds for the one call that the card shows.
 */
import { secondsUntil } from "./clock.js";
import { el, icon, say } from "../dom.js";
import { allVisible } from "../markdown/visible-controls.js";
import { isActive } from "./turn-state.js";
import { timeLeft } from "./words.js";

const TICK = 1_000; // milliseconds
const EARLY = 500; // milliseconds after it appeared: whoever clicks then meant something else
const OVER = new Set(["approval_decided", "turn_not_running"]); // decided elsewhere, or too late: the card goes

export class Approvals {
  #cards = new Map(); // approval id → card
  #timer = null;
  #count = 0;

  /**
   * `decide(turn, approval, approved)` rejects with what the server refused; `announce` [text], `fail` [words];
   * `leave()` takes the focus that a card had which is gone.
   */
  constructor({ element, decide, announce, fail, leave }) {
    Object.assign(this, { element, decide, announce, fail, leave });
  }

  /** `states`: those of the turns on the page. */
  show(states) {
    const asked = states.filter(isActive).flatMap((state) => pendingOf(state));
    for (const id of this.#cards.keys()) if (!asked.some((one) => one.id === id)) this.#remove(id);
    for (const one of asked) if (!this.#cards.has(one.id)) this.#add(one);
    if (this.#cards.size !== this.#count) for (const card of this.#cards.values()) card.moved();
    this.#count = this.#cards.size;
    this.element.hidden = asked.length === 0;
    clearInterval(this.#timer);
    if (asked.length) this.#timer = setInterval(() => this.#tick(), TICK);
    this.#tick();
  }

  #add(asked) {
    const card = new Card({ asked, onDecide: (approved) => this.#decide(asked, approved) });
    this.#cards.set(asked.id, card);
    this.element.append(card.element);
    this.announce(`Your decision is needed: ${asked.title}. It is shown above the message field.`);
  }

  #remove(id) {
    const { element } = this.#cards.get(id);
    const had = element.contains(document.activeElement);
    this.#cards.delete(id);
    element.remove();
    if (!had) return;
    // Not to a button: one who presses twice must not allow the next one unread.
    const next = [...this.#cards.values()].at(0);
    if (next) next.element.focus();
    else this.leave();
  }

  async #decide(asked, approved) {
    const card = this.#cards.get(asked.id);
    card.sent(approved);
    try {
      await this.decide(asked.turn, asked.id, approved);
    } catch (refused) {
      if (OVER.has(refused.code)) return;
      card.open();
      this.fail(refused.message || LATER);
    }
  }

  #tick() {
    for (const card of this.#cards.values()) card.tick();
  }
}

const pendingOf = ({ turn, approvals }) =>
  approvals.filter((one) => one.status === "pending").map((one) => ({ ...one, turn }));

class Card {
  #shown = performance.now();
  #sent = false;

  constructor({ asked, onDecide }) {
    this.asked = asked;
    this.left = el("output", { class: "approval-left number", "aria-live": "off" });
    this.note = el("span", { class: "whisper" });
    const choose = (approved) => (event) => this.#mayChoose(event) && onDecide(approved);
    this.buttons = [
      el("button", { type: "button", class: "button", onclick: choose(true) }, "Allow once"),
      el("button", { type: "button", class: "button", onclick: choose(false) }, "Refuse"),
    ];
    const title = `approval-${asked.id}`;
    this.element = el(
      "div",
      { class: "approval", role: "group", tabindex: "-1", "aria-labelledby": title, "data-approval": asked.id },
      el("p", { class: "approval-title" }, icon("tool"), el("strong", { id: title }, allVisible(asked.title)), this.left),
      el("p", { class: "whisper" }, `The agent asks to do exactly this with ${allVisible(asked.tool)}, once:`),
      el("pre", { tabindex: "0", role: "region", "aria-label": "Exact request" }, allVisible(asked.request)),
      el("div", { class: "approval-buttons" }, ...this.buttons, this.note),
    );
  }

  /** It stands elsewhere now, perhaps under a finger that meant another one. */
  moved() {
    this.#shown = performance.now();
  }

  tick() {
    say(this.left, timeLeft(secondsUntil(this.asked.expires_at)));
  }

  sent(approved) {
    this.#sent = true;
    for (const button of this.buttons) button.ariaDisabled = "true"; // Disabled for real, it would lose the focus.
    say(this.note, approved ? "Allowing…" : "Refusing…");
  }

  open() {
    this.#sent = false;
    for (const button of this.buttons) button.ariaDisabled = null;
    say(this.note, "");
  }

  #mayChoose(event) {
    return !this.#sent && event.timeStamp - this.#shown > EARLY;
  }
}

const LATER = "The server could not be reached; nothing was decided. Try again in a moment.";
