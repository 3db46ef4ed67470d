/**
 * What can be done instead of waiting: cancel, send less of the conversation (its preview comes first), ask another
 * model. One thing at a time is open below the row of buttons.
 */
import { newestSent } from "./delegated-state.js";
import { el, plainButton, say } from "../dom.js";
import { keyOf, modelGroups } from "./picker.js";
import { canBeShorter, shorterWords } from "./words.js";

const SHORTER_HELPS = new Set(["pacing", "provider_rate_limited"]); // what counts tokens
const OVER = new Set(["turn_not_waiting", "turn_not_running"]); // it was sent or stopped meanwhile: the card goes

export class WaitingChoices {
  #state = null;
  #open = null; // the button whose panel is open

  /**
   * `actions`: { stop(state), previewShorter(state), shorten(state), askOther(state, model), isFollowed(),
   * fail(words) }; `isFollowed` says whether more messages are queued behind this one.
   */
  constructor({ announce, names, actions }) {
    Object.assign(this, { announce, names, actions });
    this.cancel = plainButton({ icon: "stop", label: "Cancel", onclick: () => actions.stop(this.#state) });
    this.less = expander({ icon: "thought", label: "Send less now", onclick: () => this.#toggleLess() });
    this.other = expander({ icon: "open", label: "Other model", onclick: () => this.#toggleOther() });
    this.panel = el("div", { class: "waiting-panel", hidden: true });
    this.element = el(
      "div",
      { class: "waiting-choices" },
      el("div", { class: "waiting-buttons" }, this.cancel, this.less, this.other),
      this.panel,
    );
  }

  update(state) {
    this.#state = state;
    const { waiting } = state;
    if (!waiting) return this.#close();
    const isShorter = Boolean(newestSent(state)?.built_tokens);
    this.less.hidden = isShorter || !SHORTER_HELPS.has(waiting.reason);
    this.other.hidden = this.#others().length === 0;
    if (this.#open?.hidden) this.#close();
    return undefined;
  }

  #others = () => this.names.models.filter((one) => one !== this.names.modelOf(this.#state));

  async #toggleLess() {
    if (this.#open === this.less) return this.#close();
    const words = el("p", {}, "Looking what can be left out…");
    this.#show(this.less, words);
    const found = await this.#asked(() => this.actions.previewShorter(this.#state));
    if (!found || this.#open !== this.less) return undefined;
    say(words, shorterWords(found));
    this.announce(words.textContent);
    if (canBeShorter(found)) {
      this.panel.append(button("Send less", () => this.#sendLess()));
    }
    this.#reveal();
    return undefined;
  }

  async #sendLess() {
    const words = el("p", {}, "Asked for; it goes on as soon as there is room for less.");
    this.#show(this.less, words);
    this.less.focus();
    await this.#asked(() => this.actions.shorten(this.#state));
  }

  #toggleOther() {
    if (this.#open === this.other) return this.#close();
    if (this.actions.isFollowed()) return this.#show(this.other, el("p", {}, QUEUED));
    const models = this.#others();
    const attributes = { class: "select", "aria-label": "Model to ask instead" };
    const select = el("select", attributes, ...modelGroups(models));
    const chosen = () => models.find((one) => keyOf(one) === select.value);
    const ask = () => this.#asked(() => this.actions.askOther(this.#state, chosen()));
    return this.#show(
      this.other,
      el("p", {}, "Your question goes to this model instead, as it is. This wait ends."),
      el("div", { class: "waiting-other" }, select, button("Ask this model", ask)),
    );
  }

  /** What came of `call`; null where it was refused, which is told unless the wait is over anyway. */
  async #asked(call) {
    try {
      return await call();
    } catch (refused) {
      if (!OVER.has(refused.code)) this.actions.fail(refused.message);
      this.#close();
      return null;
    }
  }

  #show(button, ...content) {
    this.#close();
    this.#open = button;
    button.ariaExpanded = "true";
    this.panel.replaceChildren(...content);
    this.panel.hidden = false;
    this.#reveal();
  }

  #reveal() {
    this.panel.scrollIntoView({ block: "nearest" });
  }

  #close() {
    if (this.panel.contains(document.activeElement)) this.#open?.focus();
    if (this.#open) this.#open.ariaExpanded = "false";
    this.#open = null;
    this.panel.hidden = true;
    this.panel.replaceChildren();
  }
}

const QUEUED =
  "More messages are queued behind this one and would go first. Take them out of the queue, then ask another model.";

const button = (label, onclick) => el("button", { type: "button", class: "button", onclick }, label);
const expander = (attributes) => plainButton({ ...attributes, "aria-expanded": "false" });
