/** What every page does: the theme button, menus that close, and a sign-out that leaves nothing behind. */
import { closeMenusOnLeave } from "./menu.js";
import { forgetEverything } from "./memory.js";
import { toggleTheme } from "./theme.js";

closeMenusOnLeave();
document.querySelector("[data-theme-toggle]")?.addEventListener("click", toggleTheme);
document.querySelector("[data-sign-out]")?.addEventListener("submit", forgetEverything);
