/** The API tokens page works without scripts; with them it copies, asks in place, and does not make a token twice. */
import { copyWith } from "../chat/copy.js";

const copy = document.querySelector("[data-copy-token]");
if (copy) {
  copy.hidden = false;
  copy.addEventListener("click", () => copyWith(copy, document.querySelector("[data-token]").textContent));
  // The page answered a POST: without this, reloading it would make another token.
  history.replaceState(null, "", location.href);
}

const dialog = document.querySelector("[data-revoke-dialog]");
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-revoke]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  dialog.querySelector("form").action = link.href;
  dialog.querySelector("[data-revoke-name]").textContent = link.dataset.revoke;
  dialog.showModal();
});
dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
