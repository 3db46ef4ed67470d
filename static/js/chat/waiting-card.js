/** Why nothing comes yet, and for how long, on the server's clock; and what can be done instead of waiting. */
import { minutesAndSeconds, secondsUntil } from "./clock.js";
import { newestSent } from "./delegated-state.js";
import { el, icon, say } from "../dom.js";
import { WaitingChoices } from "./waiting-choices.js";
import { waitingWords } from "./words.js";

export class WaitingCard {
  #timer = null;
  #announcedTen = false;

  /** `announce` [text] is for the status region: at the start, at ten seconds and at the end, not each second. */
  constructor({ announce, names, actions }) {
    this.announce = announce;
    this.names = names;
    this.title = el("strong");
    this.detail = el("p", { class: "quiet" });
    this.left = el("output", { class: "waiting-left", "aria-live": "off" });
    this.meter = el("progress", { class: "meter", "aria-label": "Used of this minute's limit" });
    this.choices = new WaitingChoices({ announce, names, actions });
    this.element = el(
      "div",
      { class: "waiting", hidden: true },
      el("p", { class: "waiting-title" }, icon("clock"), this.title, this.left),
      this.detail,
      this.meter,
      this.choices.element,
    );
  }

  update(state) {
    const { waiting } = state;
    const context = newestSent(state);
    if (waiting === this.waiting && context === this.context) return;
    const before = this.waiting;
    Object.assign(this, { waiting, context });
    this.element.hidden = !waiting;
    clearInterval(this.#timer);
    if (waiting) this.#show(state, waitingWords(waiting, this.names.provider(state.provider), context), before);
    else if (before) this.announce("The wait is over.");
    this.choices.update(state);
  }

  #show(state, { title, detail, next }, before) {
    const { used, limit, reason } = state.waiting;
    this.next = next;
    say(this.title, title);
    say(this.detail, detail);
    this.meter.hidden = used === null || !limit;
    if (!this.meter.hidden) Object.assign(this.meter, { max: limit, value: Math.min(used, limit) });
    this.#announcedTen = false;
    this.#timer = setInterval(() => this.#tick(), 500);
    this.#tick();
    if (before?.reason !== reason) this.announce(`${title}. ${detail} ${this.left.textContent}`);
  }

  #tick() {
    const { retry_at: at } = this.waiting;
    if (!at) return say(this.left, "");
    const seconds = secondsUntil(at);
    say(this.left, seconds ? `${this.next} in ${minutesAndSeconds(seconds)}` : "sending");
    if (seconds === 10 && !this.#announcedTen) {
      this.#announcedTen = true;
      this.announce("Ten seconds to go.");
    }
    return undefined;
  }
}
