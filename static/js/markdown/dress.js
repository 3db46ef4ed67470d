/**
 * What a rendered message gets on top of its markdown: links that open elsewhere and show where they go, placeholders
 * instead of images, wide tables and code that scroll inside, a name and a copy button on code.
 */
import { el, icon } from "../dom.js";

export function dress(fragment) {
  for (const samp of fragment.querySelectorAll("samp")) samp.replaceWith(imagePlaceholder(samp));
  for (const link of fragment.querySelectorAll("a:not(.blocked-image)")) dressLink(link);
  for (const table of fragment.querySelectorAll("table")) wrap(table, scroller("Table"));
  for (const pre of fragment.querySelectorAll("pre")) dressCode(pre);
  return fragment;
}

const scroller = (label) => el("div", { class: "scroll-inside", tabindex: "0", role: "region", "aria-label": label });

function wrap(element, wrapper) {
  element.replaceWith(wrapper);
  wrapper.append(element);
}

function dressLink(link) {
  const href = link.getAttribute("href");
  if (!href) return link.replaceWith(...link.childNodes);
  const url = new URL(href, "https://invalid.invalid");
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.title = url.href;
  const claimed = claimedHost(link.textContent);
  if (claimed && claimed !== url.host) link.after(el("span", { class: "link-host" }, ` (${url.host || url.href})`));
}

/** The host that a link's text seems to promise, if it looks like an address. */
function claimedHost(text) {
  const found = /^\s*(?:https?:\/\/)?([^\s/?#]+\.[^\s/?#.]{2,})(?:[/?#]\S*)?\s*$/iu.exec(text);
  return found?.[1].toLowerCase();
}

function imagePlaceholder(samp) {
  const href = samp.querySelector("a")?.getAttribute("href");
  const described = samp.textContent.trim();
  const words = href ? `Image from ${new URL(href).host}` : "Image";
  const label = el("span", {}, described ? `${words}: ${described}` : words);
  const where = { href, target: "_blank", rel: "noopener noreferrer", title: href && `Open ${href}` };
  return el(href ? "a" : "span", { class: "blocked-image", ...(href ? where : {}) }, icon("image"), label);
}

function dressCode(pre) {
  const code = pre.querySelector("code");
  const language = /language-(\S+)/.exec(code?.className ?? "")?.[1] ?? "";
  const copy = el("button", { type: "button", class: "button button-plain", "data-copy-code": true }, "Copy");
  const figure = el("figure", { class: "code" }, el("figcaption", {}, el("span", {}, language || "text"), copy));
  wrap(pre, figure);
  pre.setAttribute("tabindex", "0");
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", language ? `Code, ${language}` : "Code");
}
