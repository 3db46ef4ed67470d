/** The settings tab. The page is a plain form; this adds sliders, a picker that acts at once, and the unsaved state. */
import { actAtOnce } from "./picker.js";
import { pair } from "./slider-pair.js";
import { watchUnsaved } from "./unsaved.js";

const picker = document.querySelector("[data-picker]");
if (picker) actAtOnce(picker);
for (const setting of document.querySelectorAll("[data-setting]")) pair(setting);
const form = document.querySelector("[data-settings]");
if (form) watchUnsaved(form);
