/** The line under an answer: how far it is while it goes on; how it ended, and what can be done with it, afterwards. */
import { copyWith } from "./copy.js";
import { el, iconButton, plainButton, say } from "../dom.js";
import { isEnded } from "./turn-state.js";
import { answerOf, count, doing, ending, spent } from "./words.js";

export class TurnFoot {
  #drawn = null;

  constructor({ actions, names }) {
    this.actions = actions;
    this.names = names;
    this.step = el("span", { class: "number" });
    this.doing = el("span");
    this.progress = el("p", { class: "progress" }, el("span", { class: "pulse" }), this.doing, this.step);
    this.end = el("div", { class: "turn-end" });
    this.element = el("footer", { class: "turn-foot" }, this.progress, this.end);
  }

  stopping() {
    say(this.doing, "Stopping");
  }

  update(state, siblings) {
    const ended = isEnded(state);
    this.progress.hidden = ended || state.status === "waiting";
    if (ended) return this.#drawEnd(state, siblings);
    say(this.doing, doing(state, this.names.agent));
    say(this.step, state.max ? `iteration ${state.n}/${state.max}` : "");
    return undefined;
  }

  #drawEnd(state, siblings) {
    if (this.#drawn === state) return;
    this.#drawn = state;
    const words = ending(state);
    this.end.replaceChildren(...(words ? [label(words)] : []), this.#actionsFor(state, siblings));
  }

  #actionsFor(state, siblings) {
    const again = state.status === "failed" || state.status === "interrupted";
    const text = answerOf(state);
    const row = el("div", { class: "turn-actions" });
    if (siblings?.count > 1) row.append(this.#switcher(siblings));
    if (text)
      row.append(
        plainButton({
          icon: "copy",
          label: "Copy",
          onclick: (event) => copyWith(event.currentTarget, answerOf(state)),
        }),
      );
    row.append(
      plainButton({
        icon: "retry",
        label: state.reason === "server_busy" ? "Try again" : again ? "Retry" : "Regenerate",
        onclick: () => this.actions.regenerate(state),
      }),
    );
    if (text && canGoOn(state)) {
      row.append(plainButton({ icon: "open", label: "Continue", onclick: () => this.actions.goOn() }));
    }
    if (again) {
      row.append(
        plainButton({ icon: "copy", label: "Copy details", onclick: (event) => this.#copyDetails(event, state) }),
      );
    }
    row.append(el("span", { class: "whisper number" }, this.#colophon(state)));
    return row;
  }

  #colophon(state) {
    return [this.names.model(state), spent(state)].filter(Boolean).join(" · ");
  }

  #switcher({ index, count: all, ids }) {
    const go = (step) => () => this.actions.showSibling(ids[index - 1 + step]);
    const end = (there) => (there ? { "aria-disabled": "true", disabled: true } : {});
    return el(
      "span",
      { class: "siblings", role: "group", "aria-label": "Other answers" },
      iconButton({ icon: "back", label: "Previous answer", onclick: go(-1), ...end(index <= 1) }),
      el("span", { class: "number" }, `${count(index)}/${count(all)}`),
      iconButton({ icon: "open", label: "Next answer", onclick: go(1), ...end(index >= all) }),
    );
  }

  #copyDetails(event, state) {
    const { turn, conversation, status, reason, error, provider, model, n, max } = state;
    const details = { turn, conversation, status, reason, error, provider, model, n, max };
    return copyWith(event.currentTarget, JSON.stringify(details, null, 2));
  }
}

/** An answer that was cut short; one that declined or ran out of iterations would only do so again. */
const canGoOn = ({ status, finish_reason: why }) =>
  ["stopped", "interrupted", "failed"].includes(status) || why === "length";

function label({ tone, label: words, detail }) {
  return el(
    "p",
    { class: `turn-label turn-label-${tone}` },
    el("strong", {}, words),
    detail ? el("span", { dir: "auto" }, `${tone === "danger" ? " – " : ". "}${detail}`) : null,
  );
}
