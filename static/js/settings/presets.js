/** The recommended values stand in the page as text; with scripts each is a button that fills its value in. */
import { el } from "../dom.js";

export function makePresetsPressable(setting) {
  if (setting.field.disabled) return;
  for (const preset of setting.element.querySelectorAll("[data-preset]")) {
    const { preset: value } = preset.dataset;
    const button = el("button", { type: "button", class: "preset", onclick: () => setting.write(value) });
    button.append(...preset.childNodes);
    preset.replaceChildren(button);
    const mark = () => button.setAttribute("aria-pressed", String(Number(setting.value) === Number(value)));
    setting.element.addEventListener("input", mark);
    mark();
  }
}
