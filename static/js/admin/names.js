/**
 * Names for what the stock admin's scripts make without one: a select that searches (its text box is a span) and the
 * hints of a list that is filtered. They come at load, and with every inline that is added.
 */
const NAMELESS = ".select2-selection__rendered[role='textbox']:not([aria-label]), .help-tooltip[aria-label]:not([role])";

function name(found) {
  if (found.matches(".help-tooltip")) return found.setAttribute("role", "img");
  const select = found.closest(".select2")?.previousElementSibling;
  const label = select?.labels?.[0]?.textContent.trim().replace(/:$/, "");
  if (!label) return;
  found.setAttribute("aria-label", label);
  found.closest("[role='combobox']")?.setAttribute("aria-label", label);
}

function nameAll() {
  for (const found of document.querySelectorAll(NAMELESS)) name(found);
}

new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
nameAll();
