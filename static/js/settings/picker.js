/** A form of selects that is sent as soon as one changes; its button is for those without scripts. */
export function actAtOnce(form) {
  const { provider, model } = form.elements;
  form.querySelector("[data-picker-button]").hidden = true;
  // Another provider has other models: the server chooses its first.
  provider.addEventListener("change", () => (model.disabled = true));
  form.addEventListener("change", () => form.requestSubmit());
  addEventListener("pageshow", () => (model.disabled = false)); // the page may come back from the browser's memory
}
