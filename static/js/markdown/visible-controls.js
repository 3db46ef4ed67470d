/**
 * Characters that change how other text reads without being seen (bidirectional overrides and isolates, invisible
 * tag characters, C0 controls) are written out, as ‹U+202E›, so that no name, link or code shows as what it is not.
 * Carriage returns go, so that lines are counted alike everywhere.
 */
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]|[\u{e0000}-\u{e007f}]/gu;

export const visibleControls = (text) =>
  text
    .replaceAll("\r", "")
    .replace(HIDDEN, (char) => `‹U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`);
