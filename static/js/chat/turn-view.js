/** One turn on the page: iterations, a wait, and the line under it. It shows a turn state and keeps none of its own. */
import { el } from "../dom.js";
import { IterationView } from "./iteration-view.js";
import { TurnFoot } from "./turn-foot.js";
import { isEnded } from "./turn-state.js";
import { WaitingCard } from "./waiting-card.js";

export class TurnView {
  #iterations = [];
  #frozen = false;

  /** `actions`: { stop(state), regenerate(state), goOn(), showSibling(message) } and those of waiting-choices.js.
   * `names`: see names.js. */
  constructor({ state, actions, names, announce, siblings = null }) {
    this.names = names;
    this.siblings = siblings;
    this.content = el("div", { class: "iterations" });
    this.waiting = new WaitingCard({ announce, names, actions });
    this.foot = new TurnFoot({ actions, names });
    this.element = el("section", { class: "turn", "aria-label": "Answer", "data-turn": state.turn });
    this.element.append(this.content, this.waiting.element, this.foot.element);
    this.update(state);
  }

  /** The reader asked to stop: what comes meanwhile is shown only when the turn has ended. */
  freeze() {
    this.#frozen = true;
    this.foot.stopping();
  }

  noteSiblings(siblings) {
    this.siblings = siblings;
    this.foot.update({ ...this.state }, siblings);
  }

  update(state) {
    this.state = state;
    const ended = isEnded(state);
    if (this.#frozen && !ended) return;
    state.iterations.forEach((iteration, index) => {
      const over = ended || index < state.iterations.length - 1;
      this.#viewOf(iteration, index).update(iteration, over);
    });
    this.element.ariaBusy = String(!ended);
    this.element.dataset.status = state.status;
    this.waiting.update(state);
    this.foot.update(state, this.siblings);
  }

  #viewOf(iteration, index) {
    if (!this.#iterations[index]) {
      this.#iterations[index] = new IterationView(iteration, this.names);
      this.content.append(this.#iterations[index].element);
    }
    return this.#iterations[index];
  }
}
