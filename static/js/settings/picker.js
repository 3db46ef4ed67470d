/** Two selects that act as soon as one changes; their button is for those without scripts. */
export function actAtOnce({ form, unsaved }) {
  const { provider, model } = form.elements;
  const shown = { provider: provider.value, model: model.value };
  const dialog = document.querySelector("[data-leave]");
  form.querySelector("[data-picker-button]").hidden = true;

  const go = () => {
    // Another provider has other models: the server chooses its first.
    model.disabled = provider.value !== shown.provider;
    form.requestSubmit();
  };
  const stay = () => {
    provider.value = shown.provider;
    model.value = shown.model;
  };
  form.addEventListener("change", () => {
    if (unsaved?.count) dialog.showModal();
    else go();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "discard") return stay();
    unsaved.leave();
    go();
  });
  // The page may come back from the browser's memory.
  addEventListener("pageshow", () => ((model.disabled = false), stay()));
}
