/** Small ways to make elements. Text is always text: nothing here reads HTML. */

/** `el("p", { class: "quiet", "data-id": 3, onclick: f, hidden: true }, "text", node, null)` */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** One of the drawings in `_icons.html`. It says nothing by itself: put it beside a text or in a labelled button. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A quiet button with an icon and a word. */
export function plainButton({ icon: drawing, label, ...attributes }) {
  return el("button", { type: "button", class: "button button-plain", ...attributes }, icon(drawing), label);
}

/** A button with an icon alone; `label` is said by screen readers and shown on hover. */
export function iconButton({ icon: drawing, label, ...attributes }) {
  return el(
    "button",
    { type: "button", class: "button button-icon", "aria-label": label, title: label, ...attributes },
    icon(drawing),
  );
}

/** Sets the text only if it differs, so that nothing is painted or announced in vain. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
