/** Says beside the button whether everything is saved, marks values out of range, and warns before they are lost. */
export function watchUnsaved(form) {
  const state = form.querySelector("[data-saved-state]");
  const numbers = [...form.querySelectorAll("[data-number]")];
  const shown = (number) => form.elements[`initial-${number.name}`].value;
  const touched = () => numbers.some((number) => number.value === "" || Number(number.value) !== Number(shown(number)));
  let leaving = false;

  const tell = () => {
    const said = touched() ? "Unsaved changes." : "All saved.";
    if (state.textContent !== said) state.textContent = said;
    state.classList.toggle("unsaved", touched());
  };
  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-number]")) markRange(event.target);
    tell();
  });
  form.addEventListener("submit", () => (leaving = true));
  addEventListener("pageshow", () => ((leaving = false), tell()));
  addEventListener("beforeunload", (event) => {
    if (touched() && !leaving) event.preventDefault();
  });
  tell();
}

/** The server decides; this only says early what it will say. */
function markRange(number) {
  const { min, max, valueAsNumber: value } = number;
  const wrong = Number.isNaN(value) || value < Number(min) || value > Number(max);
  const error = number.closest("[data-setting]").querySelector("[data-error]");
  number.setAttribute("aria-invalid", String(wrong));
  error.hidden = !wrong;
  if (wrong) error.textContent = `A number from ${Number(min).toLocaleString()} to ${Number(max).toLocaleString()}, please.`;
}
