/**
 * Messages of this tab on their way: each is a bubble at the end of the transcript or, behind an answer that goes on, a
 * chip in the queue; which turn came of it; and what to do when the server said no.
 */
export class Sends {
  #items = []; // { entry, text, view (a bubble) or null (a chip), turn, question, error }

  constructor({ outbox, transcript, onChange, onTakeBack }) {
    Object.assign(this, { outbox, transcript, onChange, onTakeBack });
  }

  /** Forget the bubbles: the page is drawn anew, and what has arrived is on it. */
  reset() {
    this.#items = this.#items.filter((item) => !item.turn);
    for (const item of this.#items) item.view = null;
  }

  pending = () => this.#items.filter((item) => !item.turn);

  /** Items that are chips: not sent yet, or queued. */
  chips = () => this.#items.filter((item) => !item.view);

  ofTurn = (turn) => this.#items.find((item) => item.turn === turn);

  /** `entry` is one that an earlier page left. `prepare` makes the conversation, if there is none yet. */
  async send({ text, entry, conversation, asChip, prepare }) {
    entry ??= this.outbox.add({ type: "send", conversation, text });
    const item = { entry, text, view: null, turn: null, question: null, error: null, prepare };
    if (!asChip) item.view = this.transcript.addQuestion({ id: null, text });
    if (item.view) item.view.item = item;
    this.#items.push(item);
    await this.#deliver(item);
  }

  retry(item) {
    item.error = null;
    return this.#deliver(item);
  }

  /** The text goes back to the composer, the message is not sent. */
  takeBack(item) {
    this.#forget(item);
    item.view?.element.remove();
    this.onTakeBack(item.text);
    this.onChange();
  }

  /** A turn was queued: is it one of ours whose ack has not come yet? */
  claim({ turn, question, text }) {
    const item = this.#items.find((one) => !one.turn && !one.error && one.text === text);
    if (item) this.#bind(item, { turn, message: question });
    return item;
  }

  /** The chip's turn begins: from now on it is a bubble. */
  toBubble(item) {
    item.view ??= this.transcript.addQuestion({ id: null, text: item.text });
    this.transcript.register(item.view, item.question);
  }

  done(turn) {
    this.#items = this.#items.filter((item) => item.turn !== turn);
  }

  async #deliver(item) {
    item.view?.sending();
    this.onChange();
    try {
      if (!item.entry.frame.conversation) this.outbox.address(item.entry, await item.prepare());
      this.#bind(item, await this.outbox.deliver(item.entry));
    } catch (refused) {
      item.error = refused.message;
      item.view?.failed(refused.message);
    }
    this.onChange();
  }

  #bind(item, { turn, message }) {
    if (item.turn) return;
    Object.assign(item, { turn, question: message });
    if (item.view) this.transcript.register(item.view, message);
  }

  #forget(item) {
    this.outbox.drop(item.entry);
    this.#items = this.#items.filter((one) => one !== item);
  }
}
