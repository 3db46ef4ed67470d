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
  const url = addressOf(link);
  if (!url) return link.replaceWith(...link.childNodes);
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.title = url.href;
  const misleads = claimedHosts(link.textContent).some((host) => host !== url.host);
  if (misleads) link.after(el("span", { class: "link-host" }, ` (${url.host || url.href})`));
}

/** Where `link` goes, or null: what begins like an address need not be one (`http://a|b/`, `https://`). */
function addressOf(link) {
  try {
    return new URL(link?.getAttribute("href"));
  } catch {
    return null;
  }
}

/** The hosts that a link's text seems to promise: its first word, if it looks like an address, and every https://… */
function claimedHosts(text) {
  const first = /^\s*([^\s/?#]+\.[^\s/?#.]{2,})(?=[\s/?#]|$)/u.exec(text);
  const others = text.matchAll(/https?:\/\/([^\s/?#]+)/giu);
  return [...(first ? [first] : []), ...others].map((found) => found[1].toLowerCase());
}

function imagePlaceholder(samp) {
  const url = addressOf(samp.querySelector("a"));
  const described = samp.textContent.trim();
  const words = url?.host ? `Image from ${url.host}` : "Image";
  const label = el("span", {}, described ? `${words}: ${described}` : words);
  const where = url && { href: url.href, target: "_blank", rel: "noopener noreferrer", title: `Open ${url.href}` };
  return el(url ? "a" : "span", { class: "blocked-image", ...where }, icon("image"), label);
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
