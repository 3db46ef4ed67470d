/**
 * Keys. Escape stops an answer unless something nearer takes it (a dialog, a menu, a field with its own meaning of it).
 * `/` can be turned off in the help, since a single key may be pressed by accident or by speech input.
 */
const SINGLE_KEYS = "tokenproject-single-keys";

export function listenForShortcuts({ stop, isRunning, focus, newChat, help }) {
  const box = help.querySelector("input[name=single-keys]");
  box.checked = localStorage.getItem(SINGLE_KEYS) !== "off";
  box.addEventListener("change", () => localStorage.setItem(SINGLE_KEYS, box.checked ? "on" : "off"));

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog:modal")) return;
    const action = actionFor(event);
    if (!action) return;
    event.preventDefault();
    action();
  });

  function actionFor(event) {
    const command = event.ctrlKey || event.metaKey;
    if (event.key === "Escape" && event.shiftKey) return focus;
    if (event.key === "Escape") return isRunning() ? stop : null;
    if (command && event.shiftKey && event.key.toLowerCase() === "o") return newChat;
    if (command && event.key === "/") return () => help.showModal();
    if (event.key === "/" && !command && box.checked && !isTyping(event.target)) return focus;
    return null;
  }
}

const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
