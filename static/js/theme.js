/** Light or dark. The choice is a cookie, because the server paints the first frame; as the system says = no cookie. */
const system = matchMedia("(prefers-color-scheme: dark)");
const YEAR = 365 * 24 * 3600; // seconds

export function toggleTheme() {
  const root = document.documentElement;
  const dark = root.classList.contains("theme-dark") || (system.matches && !root.classList.contains("theme-light"));
  const wanted = dark ? "light" : "dark";
  root.classList.remove("theme-light", "theme-dark");
  root.classList.add(`theme-${wanted}`);
  const asSystem = (wanted === "dark") === system.matches;
  document.cookie = `theme=${wanted}; path=/; max-age=${asSystem ? 0 : YEAR}; samesite=lax`;
}
