/**
 * Makes existing nodes like new ones while keeping every node that can stay: a selection, a scrolled code block and
 * what was already read do not move when the last block of an answer grows.
 */

/** The children of `parent` from `first` on become like `wanted` (an array of nodes, which are used up). */
export function morphChildren(parent, first, wanted) {
  wanted.forEach((node, index) => {
    const present = parent.childNodes[first + index];
    if (!present) parent.append(node);
    else if (!morph(present, node)) present.replaceWith(node);
  });
  while (parent.childNodes.length > first + wanted.length) parent.lastChild.remove();
}

/** True if `present` could be made like `wanted`. */
function morph(present, wanted) {
  if (present.nodeName !== wanted.nodeName) return false;
  if (present.nodeType === Node.TEXT_NODE) {
    growText(present, wanted.data);
    return true;
  }
  morphAttributes(present, wanted);
  morphChildren(present, 0, [...wanted.childNodes]);
  return true;
}

/** Appending to a text node keeps a selection in it; setting its data would drop it. */
function growText(node, text) {
  if (node.data === text) return;
  if (text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
  else node.data = text;
}

function morphAttributes(present, wanted) {
  for (const { name } of [...present.attributes]) if (!wanted.hasAttribute(name)) present.removeAttribute(name);
  for (const { name, value } of wanted.attributes) {
    if (present.getAttribute(name) !== value) present.setAttribute(name, value);
  }
}
