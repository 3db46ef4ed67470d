/**
 * What the user asked the server to do, until the server has it. An entry has one `client_message_id` for ever, so that
 * repeating it (a lost connection, a reload, Retry) does it once. Entries outlive the page: `memory` keeps them.
 */
import { newId } from "../ids.js";
import { Disconnected } from "./connection.js";

const KEY = "outbox:";

export class Outbox {
  constructor({ connection, memory }) {
    this.connection = connection;
    this.memory = memory;
  }

  /** What earlier pages left, oldest first. */
  left() {
    return this.memory.all(KEY).sort((one, other) => one.at - other.at);
  }

  /** `frame`: { type: "send" | "regenerate" | "edit", … } without ids. */
  add(frame) {
    const id = newId();
    const entry = { id, at: Date.now(), frame: { ...frame, client_message_id: id } };
    this.memory.set(KEY + id, entry);
    return entry;
  }

  /** Where an entry goes that was made before its conversation was. */
  address(entry, conversation) {
    entry.frame.conversation = conversation;
    this.memory.set(KEY + entry.id, entry);
  }

  /** Resolves with the server's ack, through any number of lost connections; rejects with Refused if it said no. */
  async deliver(entry) {
    for (;;) {
      try {
        const ack = await this.connection.request(entry.frame);
        this.drop(entry);
        return ack;
      } catch (error) {
        if (!(error instanceof Disconnected)) throw error;
        await nextUp(this.connection);
      }
    }
  }

  drop(entry) {
    this.memory.remove(KEY + entry.id);
  }
}

const nextUp = (connection) => new Promise((resolve) => connection.addEventListener("up", resolve, { once: true }));
