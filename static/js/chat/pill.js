/** Says that the connection is lost, but only once it has been for a while: most losses nobody needs to know of. */
import { say } from "../dom.js";

const PATIENCE = 2_000; // milliseconds

export class Pill {
  #timer = null;

  /** `words` gives the text for now. */
  constructor({ element, connection, words }) {
    this.element = element;
    this.words = words;
    connection.addEventListener("up", () => this.#hide());
    connection.addEventListener("down", () => this.#later());
    this.#later();
  }

  #later() {
    this.#timer ??= setTimeout(() => this.#show(), PATIENCE);
  }

  #show() {
    say(this.element, this.words());
    this.element.hidden = false;
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.element.hidden = true;
  }
}
