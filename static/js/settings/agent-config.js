/** The tab "Agent Config". The page is a plain form; this adds sliders, live consequences and the unsaved state. */
import { cap } from "./cap.js";
import { keepFresh } from "./freshness.js";
import { keepPlace } from "./keep-place.js";
import { offerOldSettings } from "./old-settings.js";
import { actAtOnce } from "./picker.js";
import { makePresetsPressable } from "./presets.js";
import { previewMeaning } from "./preview.js";
import { sayEarlyWhatIsWrong } from "./range-error.js";
import { Setting } from "./setting.js";
import { pair } from "./slider-pair.js";
import { Unsaved } from "./unsaved.js";

const form = document.querySelector("[data-settings]");
if (form) start();

function start() {
  const settings = [...form.querySelectorAll("[data-setting]")].map((element) => new Setting(element));
  for (const setting of settings) {
    pair(setting);
    cap(setting);
    makePresetsPressable(setting);
    sayEarlyWhatIsWrong(setting);
    offerWhatIsSaved(setting);
  }
  const unsaved = new Unsaved({ form, settings });
  previewMeaning(form);
  keepPlace(form);
  keepFresh({ form, settings, unsaved });
  actAtOnce({ form: document.querySelector("[data-picker]"), unsaved });
  offerOldSettings(document.querySelector("[data-old-settings]"));
}

/** After a conflict: a button that takes the other's value. */
function offerWhatIsSaved(setting) {
  const button = setting.element.querySelector("[data-fill]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => setting.write(button.dataset.fill));
}
