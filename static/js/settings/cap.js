/** "No cap" or a number: whoever types a number means the number, whoever chooses the number is about to type it. */
export function cap(setting) {
  if (!setting.none || setting.number.disabled) return;
  setting.number.addEventListener("input", () => {
    if (setting.number.value !== "") setting.own.checked = true;
  });
  setting.own.addEventListener("click", () => setting.number.focus());
}
