/** The text in the composer, kept for each conversation until it is sent. */
export class Draft {
  constructor(memory) {
    this.memory = memory;
  }

  /** `conversation` is null in a new chat. */
  load = (conversation) => this.memory.get(keyOf(conversation)) ?? "";

  save(conversation, text) {
    if (text) this.memory.set(keyOf(conversation), text);
    else this.memory.remove(keyOf(conversation));
  }
}

const keyOf = (conversation) => `draft:${conversation ?? "new"}`;
