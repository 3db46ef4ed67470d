/** The server decides; this only says early what it will say. */
export function sayEarlyWhatIsWrong(setting) {
  const { number } = setting;
  if (!number) return;
  const error = setting.element.querySelector("[data-error]");
  setting.element.addEventListener("input", () => {
    const wrong = !setting.none?.checked && isWrong(number);
    number.setAttribute("aria-invalid", String(wrong));
    error.hidden = !wrong;
    if (wrong) error.textContent = `${number.dataset.label} ${number.dataset.mustBe}.`;
  });
}

/** The step of the slider is a matter of taste, but a whole number must be whole. */
function isWrong({ min, max, step, value, valueAsNumber }) {
  if (value === "" || Number.isNaN(valueAsNumber)) return true;
  if (valueAsNumber < Number(min) || valueAsNumber > Number(max)) return true;
  return step === "1" && !Number.isInteger(valueAsNumber);
}
