/** A slider beside a number field. The field is the value; the slider writes it only when the person moves the slider. */
import { moved, nearest, stopsOf } from "./stops.js";

const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

export function pair(setting) {
  const slider = setting.element.querySelector("[data-slider]");
  if (!slider) return;
  const { number } = setting;
  const stops = slider.dataset.gridStep ? stopsOf(gridOf(slider)) : null;

  const show = () => {
    if (number.value !== "") slider.value = number.value;
    slider.setAttribute("aria-valuetext", `${number.value} ${setting.unit}`.trim());
  };

  slider.addEventListener("input", () => setting.write(stops ? nearest(stops, Number(slider.value)) : slider.value));
  if (stops) slider.addEventListener("keydown", (event) => stepByKey(event, { stops, setting }));
  number.addEventListener("input", show);
  slider.hidden = false;
  show();
}

/** The browser would move by one token; a key moves by one stop. Home and End need no help: the ends are stops. */
function stepByKey(event, { stops, setting }) {
  const count = KEYS[event.key];
  if (!count || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  setting.write(moved(stops, Number(setting.number.value), count));
}

function gridOf(slider) {
  const { gridFrom, gridStep } = slider.dataset;
  return { min: Number(slider.min), max: Number(slider.max), from: Number(gridFrom), step: Number(gridStep) };
}
