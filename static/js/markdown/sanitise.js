/**
 * HTML text → a fragment that holds nothing but text, structure and absolute http(s) or mailto links. No id, name,
 * style, data-*, hx-*, event handler, image, form or frame survives, whatever the renderer before it let through.
 */
import DOMPurify from "../../lib/dompurify/purify.es.mjs";

const purifier = DOMPurify(window);
const LANGUAGE = /^language-[\w+#.-]{1,30}$/;

const PROFILE = {
  ALLOWED_TAGS:
    "p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s a table thead tbody tr th td samp".split(" "),
  ALLOWED_ATTR: ["href", "start", "align", "class"],
  ADD_URI_SAFE_ATTR: ["start", "align"], // they hold no address
  ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
  RETURN_DOM_FRAGMENT: true,
};

purifier.addHook("uponSanitizeAttribute", (element, attribute) => {
  if (attribute.attrName === "class" && !(element.nodeName === "CODE" && LANGUAGE.test(attribute.attrValue))) {
    attribute.keepAttr = false;
  }
});

export const sanitise = (html) => purifier.sanitize(html, PROFILE);

// What the highlighter writes: coloured spans and nothing else.
const painter = DOMPurify(window);
const PAINT = { ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], ALLOW_DATA_ATTR: false, RETURN_DOM_FRAGMENT: true };

painter.addHook("uponSanitizeAttribute", (_element, attribute) => {
  if (!/^(hljs-[\w-]+_?|[\w-]+_| )+$/.test(attribute.attrValue)) attribute.keepAttr = false;
});

export const sanitisePaint = (html) => painter.sanitize(html, PAINT);
