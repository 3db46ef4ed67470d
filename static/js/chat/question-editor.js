/** The field in which a question is changed. What was asked before stays, one press away. */
import { el } from "../dom.js";

export function editorFor({ text, onSave, onCancel }) {
  const field = el("textarea", { class: "input", rows: "4", dir: "auto", "aria-label": "Your message" });
  field.value = text;
  const form = el(
    "form",
    { class: "question-editor" },
    field,
    el("p", { class: "hint" }, "It is asked again beside the first version; nothing is lost."),
    el(
      "div",
      { class: "row" },
      el("button", { class: "button button-primary" }, "Ask again"),
      el("button", { class: "button", type: "button", onclick: onCancel }, "Cancel"),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim()) onSave(field.value);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onCancel();
  });
  return form;
}
