/** Paints at most once a frame, however many events arrive; also while the page is hidden, where frames stand still. */
const HIDDEN_EVERY = 250; // milliseconds

export class Painter {
  #due = new Set();
  #planned = false;

  /** `paint` is given each key that was marked since the last time. */
  constructor(paint) {
    this.paint = paint;
  }

  mark(key) {
    this.#due.add(key);
    if (this.#planned) return;
    this.#planned = true;
    if (document.hidden) setTimeout(() => this.flush(), HIDDEN_EVERY);
    else requestAnimationFrame(() => this.flush());
  }

  flush() {
    const due = [...this.#due];
    this.#due.clear();
    this.#planned = false;
    for (const key of due) this.paint(key);
  }
}
