/** Why nothing comes yet, and for how long: a countdown on the server's clock. */
import { minutesAndSeconds, secondsUntil } from "./clock.js";
import { el, icon, plainButton, say } from "../dom.js";
import { waitingWords } from "./words.js";

export class WaitingCard {
  #timer = null;
  #announcedTen = false;

  /** `announce` [text] is for the status region: at the start, at ten seconds and at the end, not each second. */
  constructor({ announce, onStop }) {
    this.announce = announce;
    this.title = el("strong");
    this.detail = el("p", { class: "quiet" });
    this.left = el("output", { class: "waiting-left", "aria-live": "off" });
    this.meter = el("progress", { class: "meter", "aria-label": "Used of this minute's limit" });
    this.element = el(
      "div",
      { class: "waiting", hidden: true },
      el("p", { class: "waiting-title" }, icon("clock"), this.title, this.left),
      this.detail,
      this.meter,
      plainButton({ icon: "stop", label: "Cancel", onclick: onStop }),
    );
  }

  update(waiting, provider) {
    if (waiting === this.waiting) return;
    if (this.waiting && !waiting) this.announce("The wait is over.");
    this.waiting = waiting;
    this.element.hidden = !waiting;
    clearInterval(this.#timer);
    if (waiting) this.#show(waitingWords(waiting, provider));
  }

  #show({ title, detail }) {
    const { position, used, limit } = this.waiting;
    say(this.title, title);
    say(this.detail, [detail, place(position)].filter(Boolean).join(" "));
    this.meter.hidden = used === null || !limit;
    if (!this.meter.hidden) Object.assign(this.meter, { max: limit, value: Math.min(used, limit) });
    this.#announcedTen = false;
    this.#timer = setInterval(() => this.#tick(), 500);
    this.#tick();
    this.announce(`${title}. ${detail} ${this.left.textContent}`);
  }

  #tick() {
    const { retry_at: at } = this.waiting;
    if (!at) return say(this.left, "");
    const seconds = secondsUntil(at);
    say(this.left, seconds ? `sends in ${minutesAndSeconds(seconds)}` : "sending");
    if (seconds === 10 && !this.#announcedTen) {
      this.#announcedTen = true;
      this.announce("Sends in ten seconds.");
    }
    return undefined;
  }
}

const place = (position) => (position === 0 ? "Next in line." : position ? `Position ${position + 1} in line.` : "");
