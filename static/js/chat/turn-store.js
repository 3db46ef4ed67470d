/**
 * The turns of the open conversation: their states, changed by events alone. `change` [turn id] is fired when a state
 * is new; `gap` when the log must be asked again.
 */
import { emptyTurn, isActive, isEnded, leavesGap, reduce } from "./turn-state.js";

export class TurnStore extends EventTarget {
  #states = new Map();

  /** Forget everything; begin with `states` (turn id → state). */
  reset(states) {
    this.#states = new Map(Object.entries(states));
  }

  get = (turn) => this.#states.get(turn);
  all = () => [...this.#states.values()];
  active = () => this.all().find(isActive);
  queued = () => this.all().filter((state) => state.status === "queued");

  /** For `subscribe`: the newest event known of each turn that may still get some. */
  cursors() {
    const open = this.all().filter((state) => !isEnded(state));
    return Object.fromEntries(open.map((state) => [state.turn, state.seq]));
  }

  /** Fold one event in. A duplicate changes nothing. */
  apply(event) {
    const before = this.get(event.turn) ?? emptyTurn(event);
    if (leavesGap(before, event)) return this.dispatchEvent(new Event("gap"));
    const after = reduce(before, event);
    if (after === before) return false;
    this.#states.set(event.turn, after);
    return this.dispatchEvent(new CustomEvent("change", { detail: { before, after, event } }));
  }
}
