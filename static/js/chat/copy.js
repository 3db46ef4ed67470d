/** To the clipboard. The button that was pressed says that it happened: with its word, or with its drawing. */
import { icon } from "../dom.js";

const SHOWN = 1500; // milliseconds

export async function copyWith(button, text) {
  await (navigator.clipboard?.writeText(text) ?? copyByCommand(text));
  if (button.dataset.copied !== undefined) return;
  const before = [...button.childNodes];
  const hasWord = Boolean(button.textContent.trim());
  button.dataset.copied = "";
  button.replaceChildren(icon("done"), ...(hasWord ? ["Copied"] : []));
  setTimeout(() => {
    button.replaceChildren(...before);
    delete button.dataset.copied;
  }, SHOWN);
}

/** Where the clipboard is closed to pages (plain http from another computer), the old way still works. */
function copyByCommand(text) {
  const field = document.body.appendChild(document.createElement("textarea"));
  const focused = document.activeElement;
  field.className = "unseen";
  field.value = text;
  field.select();
  document.execCommand("copy");
  field.remove();
  focused.focus();
}

/** Copy buttons on code blocks, wherever they are below `root`. */
export function copyCodeIn(root) {
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy-code]");
    if (button) copyWith(button, button.closest("figure").querySelector("code").textContent);
  });
}
