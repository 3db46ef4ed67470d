/** What is free of each rate limit, from the server: when it may have changed, and from time to time. */

const EVERY = 15_000; // milliseconds, while somebody looks
const GAP = 1_000; // between two questions, however much happens
const CHANGES = new Set(["usage", "turn.waiting", "turn.ended"]);

export class Limits {
  #pools = [];
  #asking = false;
  #again = false;

  /** `onChange()` after each answer. Nothing is asked while the page is hidden or the server is away. */
  constructor({ api, connection, onChange }) {
    Object.assign(this, { api, connection, onChange });
    connection.addEventListener("up", () => this.refresh());
    connection.addEventListener("frame", ({ detail }) => CHANGES.has(detail.type) && this.refresh());
    document.addEventListener("visibilitychange", () => this.refresh());
    setInterval(() => this.refresh(), EVERY);
  }

  /** The rate pool of `model` as it was last; undefined where nothing is known of it. */
  of = (model) =>
    this.#pools.find(({ provider, models }) => provider === model?.provider && models.includes(model.id));

  refresh() {
    if (document.hidden || !this.connection.ready) return;
    if (this.#asking) this.#again = true;
    else this.#ask();
  }

  async #ask() {
    this.#asking = true;
    this.#again = false;
    try {
      this.#pools = (await this.api.get("/limits?limit=200")).items;
      this.onChange();
    } catch {
      // What is shown stays; whether the server is away, the pill tells.
    }
    setTimeout(() => {
      this.#asking = false;
      if (this.#again) this.refresh();
    }, GAP);
  }
}
