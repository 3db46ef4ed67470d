/** Where the user writes. It is never disabled, and what was typed is kept until the server has it. */
import { count } from "./words.js";

const NEAR_LIMIT = 0.9; // share of the limit from which the count is shown

export class Composer {
  /** `onSend` is given the text and returns whether it was taken. */
  constructor({ form, draft, limit, onSend }) {
    this.form = form;
    this.field = form.elements.text;
    this.note = form.querySelector("[data-composer-note]");
    this.draft = draft;
    this.limit = limit;
    this.onSend = onSend;
    this.field.addEventListener("input", () => this.#changed());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Show the draft of `conversation` (null: a new chat). */
  open(conversation) {
    this.conversation = conversation;
    this.#set(this.draft.load(conversation));
  }

  /** The conversation now has an id; what is typed belongs to it. */
  rename(conversation) {
    this.draft.save(this.conversation, "");
    this.conversation = conversation;
    this.draft.save(conversation, this.field.value);
  }

  /** Put `text` in front of the reader, before what is there already. */
  fill(text) {
    const rest = this.field.value.trim() ? `\n\n${this.field.value}` : "";
    this.#set(text + rest);
    this.draft.save(this.conversation, this.field.value);
    this.focus();
    this.field.setSelectionRange(text.length, text.length);
  }

  focus() {
    this.field.focus();
  }

  #set(text) {
    this.field.value = text;
    this.#fit();
    this.#weigh();
  }

  #changed() {
    this.draft.save(this.conversation, this.field.value);
    this.#fit();
    this.#weigh();
  }

  #key(event) {
    // An input method ends its composition with Enter; that Enter is not ours. (Safari says so by key code 229 only.)
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.field.value;
    if (!text.trim()) return this.focus();
    if (this.#tooLong()) return this.#weigh();
    if (this.onSend(text)) {
      this.#set("");
      this.draft.save(this.conversation, "");
    }
    return this.focus();
  }

  /** As high as its text, up to what the style sheet allows. Browsers with `field-sizing` do it by themselves. */
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  // The server counts characters (code points), the browser counts halves of some of them.
  #tooLong = () => this.field.value.length > this.limit && [...this.field.value].length > this.limit;

  #weigh() {
    const { length } = this.field.value;
    const long = this.#tooLong();
    this.field.setAttribute("aria-invalid", String(long));
    this.note.classList.toggle("error", long);
    if (length < this.limit * NEAR_LIMIT) this.note.textContent = "";
    else if (long) {
      this.note.textContent = tooLong({ length, limit: this.limit });
    } else this.note.textContent = `${count(length)} of ${count(this.limit)} characters`;
  }
}

const tooLong = ({ length, limit }) =>
  `${count(length)} characters; at most ${count(limit)} can be sent. ` +
  "Your text is kept: shorten it or send it in parts.";
