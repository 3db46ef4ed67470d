/** A form that comes back as a new page: it stands where it stood, is unfolded as it was, and the focus is where it was. */
const KEY = "tokenproject:settings-place";
const FRESH = 30_000; // milliseconds

export function keepPlace(form) {
  comeBack();
  form.addEventListener("submit", ({ submitter }) => rememberPlace(submitter?.id));
}

export function rememberPlace(focus) {
  const folds = [...document.querySelectorAll("[data-fold][open]")].map((fold) => fold.dataset.fold);
  const place = { at: Date.now(), top: scrollY, folds, focus: focus || document.activeElement?.id };
  sessionStorage.setItem(KEY, JSON.stringify(place));
}

function comeBack() {
  const place = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  sessionStorage.removeItem(KEY);
  if (!place || Date.now() - place.at > FRESH) return;
  for (const name of place.folds) document.querySelector(`[data-fold="${name}"]`)?.setAttribute("open", "");
  const first = document.querySelector("[data-conflict], [data-setting] [aria-invalid='true']");
  if (first) return first.focus();
  scrollTo({ top: place.top, behavior: "instant" });
  if (place.focus) document.getElementById(place.focus)?.focus({ preventScroll: true });
}
