/** By the composer: what is free of the rate limit of the chosen model. Quiet where no limit is known. */
import { el } from "../dom.js";
import { barPart, sizeBars } from "./context-bar.js";
import { inFull, inShort, isHeld, queueWords, shareFree, sharedBy, tightest } from "./headroom-words.js";

export class Headroom {
  constructor(element) {
    this.element = element;
    this.bar = element.querySelector("[data-bar]");
    this.words = element.querySelector("[data-words]");
    this.all = element.querySelector("[data-all]");
  }

  /** `pool` is an item of `GET /limits`, or undefined. */
  show(pool) {
    this.element.hidden = !pool || !(pool.dimensions.length || pool.closed);
    if (this.element.hidden) return;
    this.element.toggleAttribute("data-held", isHeld(pool));
    this.words.replaceChildren(...shortly(pool));
    this.bar.replaceChildren(...(pool.dimensions.length ? partsOf(tightest(pool)) : []));
    this.all.replaceChildren(...pool.dimensions.map(lineOf), ...notesOn(pool).map((words) => el("p", {}, words)));
    sizeBars(this.element);
  }
}

const notesOn = (pool) => [queueWords(pool), sharedBy(pool)];

function shortly(pool) {
  const { room, unit, rest } = inShort(pool);
  return [`${room} `, el("span", { class: "headroom-unit" }, `${unit} `), rest];
}

function lineOf(one) {
  const { name, free, note } = inFull(one);
  return el(
    "div",
    {},
    el("p", { class: "headroom-line" }, el("span", {}, name), el("span", { class: "number" }, free)),
    el("div", { class: "bar", "aria-hidden": "true" }, ...partsOf(one)),
    note ? el("p", { class: "whisper" }, note) : null,
  );
}

function partsOf(one) {
  const free = Math.round(shareFree(one) * 1000);
  return [barPart({ name: "used", tokens: 1000 - free }), barPart({ name: "free", tokens: free })];
}
