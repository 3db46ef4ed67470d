/** The conversation as it is read: questions, turns, the line where the last call began. Order is all it knows. */
import { Divider, newestContext } from "./divider.js";
import { entriesOf } from "./history.js";
import { Painter } from "./painter.js";
import { QuestionView } from "./question-view.js";
import { TurnView } from "./turn-view.js";

export class Transcript {
  #turns = new Map(); // turn id → { view, state }
  #questions = new Map(); // message id → view

  /** `actionsOf(message)` makes the actions of a question; `turnActions` those of a turn. `onContext` is given what the
   * newest model call carried (or null) whenever that may be news; `onOpen` what the reader wants to see whole. */
  constructor({ element, follow, empty, names, announce, actionsOf, turnActions, onContext, onOpen }) {
    Object.assign(this, { element, follow, empty, names, announce, actionsOf, turnActions, onContext });
    this.divider = new Divider({ root: element, onOpen });
    this.painter = new Painter((turn) => this.#paint(turn));
  }

  /** Show a page state, and nothing else. */
  reset(page) {
    this.#turns.clear();
    this.#questions.clear();
    this.#keepFocus(this.element);
    this.element.replaceChildren();
    this.#addEntries(page, (element) => this.element.append(element));
    this.empty.element.remove();
    if (!this.element.childElementCount) this.element.append(this.empty.element);
    this.#drawDivider();
    this.follow.jump();
  }

  /** Older messages, above what is there; what is read does not move. */
  prepend(page) {
    const first = this.element.firstElementChild;
    this.follow.holding(() => this.#addEntries(page, (element) => first.before(element)));
    this.#drawDivider();
  }

  /** A message of the user at the end; `arrived` it later. */
  addQuestion(message) {
    this.empty.element.remove();
    const view = this.#newQuestion(message);
    this.element.append(view.element);
    this.follow.jump();
    return view;
  }

  /** The question has its id from now on. */
  register(view, id) {
    this.#questions.set(id, view);
    view.arrived({ id });
  }

  hasTurn = (turn) => this.#turns.has(turn);
  hasQuestion = (message) => this.#questions.has(message);

  /** A turn begins below its question; what stood there, an earlier answer and what followed, is another branch. */
  place(state) {
    const { element } = this.#questions.get(state.question);
    while (element.nextElementSibling) this.#drop(element.nextElementSibling);
    element.after(this.#newTurn(state, null).element);
    this.follow.keep();
  }

  update(state) {
    const turn = this.#turns.get(state.turn);
    if (!turn) return;
    turn.state = state;
    this.painter.mark(state.turn);
  }

  /** The places of answers among their siblings, as `page` has them. */
  noteSiblings(page) {
    for (const { kind, state, siblings } of entriesOf(page)) {
      if (kind === "turn") this.#turns.get(state.turn)?.view.noteSiblings(siblings);
    }
  }

  freeze(turn) {
    this.painter.flush();
    this.#turns.get(turn)?.view.freeze();
  }

  #addEntries(page, put) {
    for (const entry of entriesOf(page)) {
      if (entry.kind === "turn" && this.hasTurn(entry.state.turn)) continue; // it began on the older page
      const view =
        entry.kind === "question" ? this.#newQuestion(entry.message) : this.#newTurn(entry.state, entry.siblings);
      put(view.element);
    }
  }

  #newQuestion(message) {
    const view = new QuestionView({ message, actions: this.actionsOf(() => view) });
    if (message.id) this.#questions.set(message.id, view);
    return view;
  }

  #newTurn(state, siblings) {
    const { names, announce, turnActions: actions } = this;
    const view = new TurnView({ state, siblings, names, announce, actions });
    this.#turns.set(state.turn, { view, state });
    return view;
  }

  #drop(element) {
    this.#turns.delete(element.dataset.turn);
    this.#questions.delete(element.dataset.message);
    this.#keepFocus(element);
    element.remove();
  }

  /** What goes away must not take the reader's place with it. */
  #keepFocus(going) {
    if (going.contains(document.activeElement)) this.follow.scroller.focus({ preventScroll: true });
  }

  #paint(id) {
    const turn = this.#turns.get(id);
    if (!turn) return;
    turn.view.update(turn.state);
    this.#drawDivider();
    this.follow.keep();
  }

  #drawDivider() {
    const context = newestContext(this.#shownStates());
    this.divider.show(context);
    this.onContext(context);
  }

  #shownStates() {
    return [...this.element.querySelectorAll(":scope > [data-turn]")].map(
      (element) => this.#turns.get(element.dataset.turn).state,
    );
  }
}
