/** To the clipboard. The button that was pressed says that it happened: with its word, or with its drawing. */
import { icon } from "../dom.js";

const SHOWN = 1500; // milliseconds

export async function copyWith(button, text) {
  await navigator.clipboard.writeText(text);
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

/** Copy buttons on code blocks, wherever they are below `root`. */
export function copyCodeIn(root) {
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy-code]");
    if (button) copyWith(button, button.closest("figure").querySelector("code").textContent);
  });
}
