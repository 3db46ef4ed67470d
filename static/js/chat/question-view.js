/** A message of the user: its text as it was typed, whether it arrived, and what can be done with it. */
import { copyWith } from "./copy.js";
import { el, iconButton, plainButton, say } from "../dom.js";
import { editorFor } from "./question-editor.js";
import { visibleControls } from "../markdown/visible-controls.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const LONG = 1_500; // characters; a longer text is folded

export class QuestionView {
  /**
   * `message`: { id (null until it is acknowledged), text, siblings? }. `actions`: { retry, takeBack, edit(text),
   * showSibling(id) }.
   */
  constructor({ message, actions }) {
    this.message = message;
    this.actions = actions;
    this.text = el("p", { class: "question-text", dir: "auto" }, visibleControls(message.text));
    this.bubble = el("div", { class: "bubble" }, this.text);
    this.note = el("div", { class: "question-note", role: "group" });
    this.tools = el("div", { class: "question-tools" });
    this.element = el("section", { class: "question", "aria-label": "You" }, this.bubble, this.note, this.tools);
    this.#fold();
    this.arrived(message);
  }

  sending() {
    this.element.dataset.state = "sending";
    this.note.replaceChildren(el("span", { class: "whisper" }, "Sending"));
  }

  /** The server has it. */
  arrived({ id }) {
    this.message = { ...this.message, id };
    this.element.dataset.state = "sent";
    if (id) this.element.dataset.message = id;
    this.note.replaceChildren();
    this.#drawTools();
  }

  failed(why) {
    this.element.dataset.state = "failed";
    this.note.replaceChildren(
      el("span", { class: "error", role: "alert" }, `Not sent. ${why}`),
      plainButton({ icon: "retry", label: "Retry", onclick: () => this.actions.retry() }),
      plainButton({ icon: "edit", label: "Put it back", onclick: () => this.actions.takeBack() }),
    );
  }

  #fold() {
    if (this.message.text.length <= LONG) return;
    this.text.classList.add("folded");
    const button = el("button", { type: "button", class: "button button-plain", "aria-expanded": "false" }, "Show all");
    button.addEventListener("click", () => {
      const folded = this.text.classList.toggle("folded");
      button.ariaExpanded = String(!folded);
      say(button, folded ? "Show all" : "Show less");
    });
    this.bubble.append(button);
  }

  #drawTools() {
    const { siblings } = this.message;
    const go = (step) => () => this.actions.showSibling(siblings.ids[siblings.index - 1 + step]);
    const switcher = siblings?.count > 1 && [
      iconButton({ icon: "back", label: "Previous version", disabled: siblings.index <= 1, onclick: go(-1) }),
      el("span", { class: "whisper number" }, `${siblings.index}/${siblings.count}`),
      iconButton({ icon: "open", label: "Next version", disabled: siblings.index >= siblings.count, onclick: go(1) }),
    ];
    const at = new Date(this.message.created_at ?? Date.now());
    this.tools.replaceChildren(
      el("time", { class: "whisper", datetime: at.toISOString(), title: at.toLocaleString() }, hourAndMinute(at)),
      ...(switcher || []),
      iconButton({ icon: "edit", label: "Edit", onclick: () => this.#edit() }),
      iconButton({ icon: "copy", label: "Copy", onclick: (event) => copyWith(event.currentTarget, this.message.text) }),
    );
  }

  #edit() {
    const close = () => {
      editor.replaceWith(this.bubble);
      this.tools.hidden = false;
      this.tools.querySelector("button:last-of-type").focus();
    };
    const editor = editorFor({
      text: this.message.text,
      onCancel: close,
      onSave: async (text) => (await this.actions.edit(text)) && editor.isConnected && close(),
    });
    this.bubble.replaceWith(editor);
    this.tools.hidden = true;
    editor.querySelector("textarea").focus();
  }
}

/** With its day, if that is not today. */
function hourAndMinute(at) {
  const today = at.toDateString() === new Date().toDateString();
  return today ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`;
}
