/** A tab that is looked at again shows what is saved now, unless somebody is in the middle of changing it: then saving
 *  tells what was changed elsewhere. */
import { rememberPlace } from "./keep-place.js";

export function keepFresh({ form, settings, unsaved }) {
  document.addEventListener("visibilitychange", async () => {
    if (document.visibilityState !== "visible" || unsaved.count) return;
    const now = await saved(form.dataset.api);
    if (!now || unsaved.count || settings.every((one) => one.isSame(one.saved, now[one.name].stored))) return;
    rememberPlace();
    location.reload();
  });
}

/** Null where the server cannot be asked. */
async function saved(address) {
  const answer = await fetch(address).catch(() => null);
  return answer?.ok ? (await answer.json()).values : null;
}
