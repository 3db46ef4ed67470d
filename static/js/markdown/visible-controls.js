/**
 * Characters that change how other text reads without being seen (bidirectional marks, overrides and isolates,
 * invisible spaces, hyphens and tag characters, C0 and C1 controls) are written out, as ‹U+202E›, so that no name, link
 * or code shows as what it is not. The zero-width joiner and non-joiner stay: scripts and emoji are written with them.
 * Carriage returns go, so that lines are counted alike everywhere.
 */
const CONTROLS = "\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f";
const TURNING = "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069";
const UNSEEN = "\\u00ad\\u200b\\u2060\\ufeff\\u{e0000}-\\u{e007f}";
const HIDDEN = new RegExp(`[${CONTROLS}${TURNING}${UNSEEN}]`, "gu");

const ANY_HIDDEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const writtenOut = (char) => `‹U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`;

export const visibleControls = (text) => text.replaceAll("\r", "").replace(HIDDEN, writtenOut);

/** For what is decided on: nothing at all that is not seen, not even what some scripts and emoji are written with. */
export const allVisible = (text) => text.replace(ANY_HIDDEN, writtenOut);

/** The same for all text in `fragment`, which is returned. What an entity or `%E2%80%AE` stands for is text by then. */
export function showControls(fragment) {
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const shown = visibleControls(node.data);
    if (shown !== node.data) node.data = shown;
  }
  return fragment;
}
