/**
 * One socket for all conversations of this tab. It says hello, answers requests by their id, keeps itself alive and
 * comes back by itself. Events (`detail` in brackets): `up` [hello], `down`, `frame` [a server frame],
 * `refused` [close code, 4401 = signed out].
 */
import { newId } from "../ids.js";
import { Refused } from "./api.js";
import { setServerTime } from "./clock.js";
import { isFinal, pauseBefore, wasStable } from "./reconnect.js";

const PING_EVERY = 25_000; // milliseconds
const PROBE_WITHIN = 3_000;
const ANSWER_WITHIN = 30_000;

/** The connection was lost before the answer came: whether the request arrived is not known. Ask again. */
export class Disconnected extends Error {}

export class Connection extends EventTarget {
  #socket = null;
  #pending = new Map(); // id of the request → { resolve, reject, timer }
  #failures = 0;
  #openedAt = null;
  #retry = null;
  #missed = 0;
  #over = true; // not opened yet, or refused for good

  constructor(url) {
    super();
    this.url = url;
    this.ready = false; // hello has been said
    document.addEventListener("visibilitychange", () => document.hidden || this.#probe());
    window.addEventListener("online", () => this.#probe());
    window.addEventListener("pageshow", (event) => event.persisted && this.#probe());
    setInterval(() => this.#beat(), PING_EVERY);
  }

  open() {
    clearTimeout(this.#retry);
    this.#over = false;
    const socket = new WebSocket(this.url, ["tokenproject.v1"]);
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  /** Send `frame` and wait for its answer. Rejects with Refused (the server said no) or Disconnected. */
  request(frame, { within = ANSWER_WITHIN } = {}) {
    if (!this.ready) return Promise.reject(new Disconnected());
    const id = newId();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, "reject", tookTooLong()), within);
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ ...frame, id }));
    });
  }

  #receive(frame) {
    if (frame.server_time) setServerTime(frame.server_time);
    if (frame.type === "hello") this.#greeted(frame);
    else if (frame.type === "ack" || frame.type === "pong") this.#settle(frame.id, "resolve", frame);
    else if (frame.type === "error") this.#settle(frame.id, "reject", new Refused(frame));
    else this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #greeted(hello) {
    this.ready = true;
    this.#openedAt = Date.now();
    this.#missed = 0;
    this.dispatchEvent(new CustomEvent("up", { detail: hello }));
  }

  #settle(id, how, value) {
    const pending = this.#pending.get(id);
    if (!pending) return;
    clearTimeout(pending.timer);
    this.#pending.delete(id);
    pending[how](value);
  }

  #closed(code) {
    this.ready = false;
    for (const id of [...this.#pending.keys()]) this.#settle(id, "reject", new Disconnected());
    if (isFinal(code)) {
      this.#over = true;
      return this.dispatchEvent(new CustomEvent("refused", { detail: code }));
    }
    if (wasStable(this.#openedAt, Date.now())) this.#failures = 0;
    this.#openedAt = null;
    this.#retry = setTimeout(() => this.open(), pauseBefore({ failures: this.#failures, code }));
    this.#failures += 1;
    return this.dispatchEvent(new Event("down"));
  }

  #beat() {
    if (!this.ready) return;
    if (this.#missed >= 2) return this.#giveUp();
    this.#missed += 1;
    this.#ping(PING_EVERY);
  }

  /** True if the server answered in time. */
  async #ping(within) {
    try {
      await this.request({ type: "ping" }, { within });
      this.#missed = 0;
      return true;
    } catch {
      return false;
    }
  }

  /** The page is looked at again, or the network is back: is the socket still alive? If there is none, try at once. */
  async #probe() {
    if (this.#over) return;
    const socket = this.#socket;
    if (!this.ready) return socket?.readyState === WebSocket.CONNECTING || this.open();
    const alive = await this.#ping(PROBE_WITHIN);
    if (!alive && socket === this.#socket && this.ready) this.#giveUp();
  }

  /** A dead socket may take minutes to close by itself: it is left behind. */
  #giveUp() {
    const socket = this.#socket;
    this.#socket = null;
    socket.close();
    this.#closed(1006);
  }
}

const tookTooLong = () =>
  new Refused({
    code: "server_busy",
    message: "The server did not answer. Nothing is lost; try again.",
    retryable: true,
  });
