/**
 * Markdown that is still being written, made so that it reads well now: marks that are open are closed, marks that are
 * half written are held back. So `**bol` shows as bold, and no character that was shown is taken away when its mark
 * arrives complete. Used for the last block alone, and never once the text is finished.
 */

// A last line that may yet become something else: a bullet, a number, a rule, a heading or its underline, a fence, ...
// (No two parts of it can take the same character, so that it never goes back over a long line.)
const MARKER = /^[ \t>]*(?:[-+*_=~`#|:][-+*_=~`#|: \t]*|\d{1,9}[.)]?[ \t]*)?$/;
// ... or the label of a link definition, which is not shown.
const DEFINITION = /^ {0,3}\[[^\]\n]*(?:\](?::.*)?)?$/;

const LONGEST = 2_000; // characters of a last line that is completed; a longer one shows as it is
const DEEPEST = 100; // open marks that are closed; markdown-it nests no deeper

/** `source` without a last line that could still turn into a marker. */
export function holdBackMarker(source) {
  const start = source.lastIndexOf("\n") + 1;
  const line = source.slice(start);
  return MARKER.test(line) || DEFINITION.test(line) ? source.slice(0, start) : source;
}

/** `source` with the inline marks closed that `content`, the text of its last paragraph or cell, leaves open. */
export function closeInline(source, content) {
  const body = source.trimEnd();
  const line = content.slice(content.lastIndexOf("\n") + 1).trimEnd();
  if (!line || line.length > LONGEST || !body.endsWith(line)) return source;
  const before = content.trimEnd().length - line.length;
  const { text, suffix } = complete(content.trimEnd(), before);
  return body.slice(0, body.length - line.length) + text.slice(before) + suffix;
}

/** Walks inline text once: what to show of it, and what closes its open marks. `lastLine` is where that line begins. */
function complete(content, lastLine) {
  let text = withoutHalfMark(content);
  const open = [];
  for (let at = 0; at < text.length;) {
    const char = text[at];
    if (char === "\\") at += 2;
    else if (char === "`") {
      const run = runAt(text, at);
      const end = closingRun(text, at + run.length, run);
      if (end < 0) return openCode({ text, at, run, open });
      at = end;
    } else if (char === "]" && "([".includes(text[at + 1] ?? " ")) {
      const end = linkEnd(text, at + 1);
      if (end < 0) {
        text = withoutOpenLink(text, at, lastLine);
        break;
      }
      at = end;
    } else if ("*_~".includes(char)) {
      const run = runAt(text, at);
      toggle(open, { text, at, run });
      at += run.length;
    } else at += 1;
  }
  return { text: text.trimEnd(), suffix: closers(open) };
}

/** `text` without a backslash, an entity or an emphasis mark at its end that may go on. */
function withoutHalfMark(text) {
  const half = /(?:\\|&[#\w]{0,31})$/.exec(text.slice(-32));
  return half ? text.slice(0, text.length - half[0].length) : withoutLast(text, "*_~");
}

/** `text` without the `chars` at its end. (`/[*_~]+$/` would try anew at every mark of a long run.) */
function withoutLast(text, chars) {
  let end = text.length;
  while (end > 0 && chars.includes(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

const closers = (open) => open.toReversed().join("");

function runAt(text, at) {
  let end = at;
  while (text[end] === text[at]) end += 1;
  return text.slice(at, end);
}

/** Where the code span that `run` opened ends, or -1. */
function closingRun(text, from, run) {
  for (let at = text.indexOf("`", from); at >= 0; at = text.indexOf("`", at)) {
    const found = runAt(text, at);
    at += found.length;
    if (found === run) return at;
  }
  return -1;
}

function openCode({ text, at, run, open }) {
  const inside = withoutLast(text.slice(at + run.length), "`");
  if (!inside.trim()) return { text: text.slice(0, at).trimEnd(), suffix: closers(open) };
  return { text: text.slice(0, at) + run + inside, suffix: run + closers(open) };
}

/** Where the `(…)` or `[…]` that begins at `from` ends, or -1 while it is open. */
function linkEnd(text, from) {
  const opener = text[from];
  const closer = opener === "(" ? ")" : "]";
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === opener) depth += 1;
    else if (text[at] === closer && --depth === 0) return at + 1;
  }
  return -1;
}

/** `[label](half-an-addr` and `[label][half-a-na` show as `label`. What is before `lastLine`, its start, stays. */
function withoutOpenLink(text, closing, lastLine) {
  const opening = text.lastIndexOf("[", closing);
  if (opening < lastLine) return text.slice(0, closing + 1);
  const start = text[opening - 1] === "!" ? opening - 1 : opening;
  return text.slice(0, start) + text.slice(opening + 1, closing);
}

const isSpace = (char) => char === undefined || /\s/.test(char);
const isWord = (char) => char !== undefined && /[\p{L}\p{N}]/u.test(char);

function toggle(open, { text, at, run }) {
  const before = text[at - 1];
  const after = text[at + run.length];
  if (run[0] === "~" && run.length !== 2) return;
  const same = open.lastIndexOf(run);
  if (same >= 0 && !isSpace(before)) open.length = same;
  else if (!isSpace(after) && !(isWord(before) && isWord(after)) && open.length < DEEPEST) open.push(run);
}
