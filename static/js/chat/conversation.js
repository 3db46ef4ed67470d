/** The conversation that is open: what the user does to it, and what the server says about it. */
import { isEnded } from "./turn-state.js";
import { freshState } from "./page-state.js";
import { answerOf, endingAloud } from "./words.js";

export class Conversation {
  #edits = new Set(); // turns that begin another branch than the one on the page
  #repeats = new Set(); // turns that answer a question again
  #texts = new Map(); // turn id → text of its question, of queued turns

  constructor(parts) {
    Object.assign(this, parts); // named in page.js
    this.store.addEventListener("change", ({ detail }) => this.#changed(detail));
    this.store.addEventListener("gap", () => this.subscribe());
    this.connection.addEventListener("up", () => this.subscribe());
  }

  /** Show `page`, a page state. */
  show(page) {
    this.id = page.conversation?.id ?? null;
    this.#edits.clear();
    this.store.reset(page.turns);
    this.sends.reset();
    this.current = new Set(page.messages.map((one) => one.id)); // the messages of the current branch
    this.branchNote.hidden = true;
    this.transcript.reset({ ...page, conversation: this.id });
    this.drawChips();
    this.approvals.show(this.store.all());
  }

  /** Ask for what has happened since, and for what will; once at a time. */
  subscribe() {
    if (!this.id || !this.connection.ready) return undefined;
    this.subscribing ??= this.#subscribe().finally(() => (this.subscribing = null));
    return this.subscribing;
  }

  /** A queued turn is read from its start, where its text is. */
  async #subscribe() {
    const cursors = this.store.cursors();
    for (const { turn } of this.store.queued()) if (!this.#texts.has(turn)) cursors[turn] = 0;
    try {
      await this.connection.request({ type: "subscribe", conversation: this.id, cursors });
    } catch (error) {
      if (error.code) this.toasts.fail(error.message);
    }
  }

  /** Draw the page anew from the server: another branch, or a log that is no longer kept. */
  async refresh(url = location.pathname) {
    const page = await freshState(url);
    if (!page)
      return this.toasts.fail("The conversation could not be loaded. What you see may be old; reload the page.");
    this.show(page);
    await this.subscribing; // Asked from where the page was before.
    return this.subscribe();
  }

  send(text, { entry = null } = {}) {
    if (!this.branchNote.hidden) this.refresh();
    const asChip = Boolean(this.store.active() || this.store.queued().length || this.sends.pending().length);
    this.sends.send({ text, entry, conversation: this.id, asChip, prepare: () => this.ensure() });
    return true;
  }

  /** The id of the conversation, which is made when the first message needs it. */
  ensure() {
    if (this.id) return this.id;
    this.making ??= this.#make().finally(() => (this.making = null));
    return this.making;
  }

  stop(state = this.store.active()) {
    if (!state || isEnded(state)) return;
    this.transcript.freeze(state.turn);
    this.#tell("stop", state.turn).catch((error) => error.code === "turn_not_running" || this.toasts.fail(error.message || STOP_LATER));
  }

  /** Have less sent in the call that `turn` waits for. Rejects with what the server refused. */
  shorten = (turn) => this.#tell("shorten", turn);

  /** Allow one call, or refuse it. Rejects with what the server refused. */
  decide(turn, approval, approved) {
    return this.connection.ready
      ? this.connection.request({ type: "approve", turn, approval, approved })
      : this.api.post(`/turns/${turn}/approvals/${approval}`, { approved });
  }

  /** True if the server took it. `model` is another one than the conversation's, for this answer. */
  async regenerate(state, model = {}) {
    const ack = await this.#ask({ type: "regenerate", message: state.question, ...model });
    if (ack) this.#repeats.add(ack.turn);
    return Boolean(ack);
  }

  /** Asked first and stopped then: what is refused ends no wait. */
  async askOther(state, { provider, id: model }) {
    if (await this.regenerate(state, { provider, model })) this.stop(state);
  }

  /** True if the server took it. */
  async edit(message, text) {
    const ack = await this.#ask({ type: "edit", message, text });
    if (ack) this.#edits.add(ack.turn);
    return Boolean(ack);
  }

  receive(frame) {
    if (frame.type === "resync") return this.refresh();
    if (frame.conversation !== this.id || !frame.seq) return undefined;
    if (frame.type === "turn.queued") this.#noteQueued(frame);
    return this.store.apply(frame);
  }

  /**
   * What an earlier page left unsent. A message of another conversation is sent without a word; one whose conversation
   * was never made goes back to the composer of a new chat.
   */
  resume(entry) {
    const { type, conversation, text } = entry.frame;
    if (type === "send" && !conversation) {
      if (this.id) return;
      this.outbox.drop(entry);
      this.composer.fill(text);
    } else if (type === "send" && conversation === this.id) this.send(text, { entry });
    else this.outbox.deliver(entry).catch((error) => error.code === "not_found" && this.outbox.drop(entry));
  }

  /** Show the branch that holds `message`, to read; new messages go on with the current one. */
  async showBranch(message) {
    if (this.current.has(message)) return this.refresh();
    try {
      this.transcript.reset({ messages: await this.#branch(message), turns: {}, conversation: this.id });
      this.branchNote.hidden = false;
    } catch (refused) {
      this.toasts.fail(refused.message);
    }
    return undefined;
  }

  drawChips() {
    const mine = this.sends.chips().map((item) => ({
      key: item,
      text: item.text,
      note: item.error ?? (item.turn ? null : "Sending"),
      retry: item.error ? () => this.sends.retry(item) : null,
    }));
    const others = this.store
      .queued()
      .filter((state) => !this.sends.ofTurn(state.turn) && !this.transcript.hasTurn(state.turn))
      .map((state) => ({ key: state, text: this.#texts.get(state.turn) ?? "…", note: null }));
    this.chips.show([...others, ...mine]);
  }

  cancelChip({ key, text }) {
    if (key.entry && !key.turn) return this.sends.takeBack(key);
    const state = this.store.get(key.turn);
    if (!this.composer.field.value) this.composer.fill(text);
    return this.stop(state);
  }

  async #branch(leaf) {
    const messages = [];
    for (let cursor = ""; cursor !== null;) {
      const page = await this.api.get(`/conversations/${this.id}/messages?limit=200&leaf=${leaf}${cursor}`);
      messages.push(...page.items);
      cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
    return messages;
  }

  async #make() {
    const { id } = await this.api.post("/conversations", this.choice());
    this.id = id;
    this.onMade(id);
    await this.subscribe();
    return id;
  }

  /** By the socket, or without one by REST. */
  #tell(what, turn) {
    return this.connection.ready
      ? this.connection.request({ type: what, turn })
      : this.api.post(`/turns/${turn}/${what}`);
  }

  async #ask(frame) {
    try {
      return await this.outbox.deliver(this.outbox.add(frame));
    } catch (refused) {
      this.toasts.fail(refused.message);
      return null;
    }
  }

  #noteQueued({ turn, question, text }) {
    const known = this.store.get(turn);
    this.#texts.set(turn, text);
    if (known) this.drawChips();
    else this.sends.claim({ turn, question, text });
  }

  #changed({ before, after, event }) {
    if (event.type === "turn.queued") this.#queued(after);
    else if (event.type === "turn.started") this.#started(after);
    else this.transcript.update(after);
    if (event.type === "tool.approval") this.tabTitle.answered();
    if (before.approvals !== after.approvals || isEnded(after)) this.approvals.show(this.store.all());
    if (isEnded(after) && !isEnded(before)) this.#ended(after);
    this.onChange?.();
  }

  /** Nothing runs before it: its place is there already. Otherwise it waits as a chip. */
  #queued(state) {
    if (this.transcript.hasQuestion(state.question) && !this.store.active()) this.transcript.place(state);
    this.drawChips();
  }

  #started(state) {
    const item = this.sends.ofTurn(state.turn);
    if (item) this.sends.toBubble(item);
    this.sends.done(state.turn);
    if (this.#edits.has(state.turn) || !this.transcript.hasQuestion(state.question)) return this.refresh();
    if (this.transcript.hasTurn(state.turn)) this.transcript.update(state);
    else this.transcript.place(state);
    this.announcer.answering();
    return this.drawChips();
  }

  /** An answer beside another one: from now on one can go from one to the other. */
  async #noteSiblings() {
    const page = await freshState(location.pathname);
    if (page) this.transcript.noteSiblings({ ...page, conversation: this.id });
  }

  #ended(state) {
    this.sends.done(state.turn);
    this.drawChips();
    this.announcer.ended({ text: answerOf(state), words: endingAloud(state) });
    if (this.#repeats.delete(state.turn)) this.#noteSiblings();
    this.tabTitle.answered();
  }
}

const STOP_LATER = "The server could not be reached; the answer goes on. Press stop again in a moment.";
