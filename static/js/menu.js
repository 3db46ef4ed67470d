/**
 * Every <details data-menu> of the page, later ones too: it closes on Escape (focus goes back to its button),
 * on a press elsewhere and when focus leaves it; opened at the edge of a scrolling list, it comes into sight.
 */
const openMenus = () => document.querySelectorAll("[data-menu][open]");

export function closeMenusOnLeave() {
  const closeOthers = (target) => {
    for (const menu of openMenus()) if (!menu.contains(target)) menu.open = false;
  };
  document.addEventListener("pointerdown", (event) => closeOthers(event.target));
  document.addEventListener("focusin", (event) => closeOthers(event.target));
  document.addEventListener("toggle", (event) => showWhole(event.target), true);
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("[data-menu][open]");
    if (!menu) return;
    event.preventDefault();
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

function showWhole(details) {
  if (details.matches("[data-menu][open]")) details.querySelector(".menu-items")?.scrollIntoView({ block: "nearest" });
}
