/**
 * Paints at most once a frame, however many events arrive; also while the page is hidden, where frames stand still.
 * After a paint that took long (a table of hundreds of rows grows) it rests, so that the page still answers its reader.
 */
const HIDDEN_EVERY = 250; // milliseconds
const LONG = 12; // milliseconds
const REST = 3; // times what the paint took

export class Painter {
  #due = new Set();
  #planned = false;
  #took = 0;

  /** `paint` is given each key that was marked since the last time. */
  constructor(paint) {
    this.paint = paint;
  }

  mark(key) {
    this.#due.add(key);
    if (this.#planned) return;
    this.#planned = true;
    if (document.hidden) setTimeout(() => this.flush(), HIDDEN_EVERY);
    else if (this.#took > LONG) setTimeout(() => this.flush(), this.#took * REST);
    else requestAnimationFrame(() => this.flush());
  }

  flush() {
    const due = [...this.#due];
    this.#due.clear();
    this.#planned = false;
    const begun = performance.now();
    for (const key of due) this.paint(key);
    this.#took = performance.now() - begun;
  }
}
