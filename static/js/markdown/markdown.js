/**
 * Markdown → HTML text, by markdown-it with raw HTML off. What comes out still goes through `sanitise.js`.
 * Images are never made: an image becomes <samp><a href>alternative text</a></samp>, which `dress.js` turns into a
 * placeholder (markdown itself cannot make a <samp>).
 */
import MarkdownIt from "../../lib/markdown-it/markdown-it.esm.min.mjs";

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: false });
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });

const { escapeHtml } = markdown.utils;

markdown.renderer.rules.image = (tokens, index, options, env, renderer) => {
  const token = tokens[index];
  const alternative = renderer.renderInlineAsText(token.children ?? [], options, env);
  return `<samp><a href="${escapeHtml(token.attrGet("src") ?? "")}">${escapeHtml(alternative)}</a></samp>`;
};

// Column alignment comes as a style attribute, which the sanitiser and the content security policy refuse.
for (const name of ["th_open", "td_open"]) {
  markdown.renderer.rules[name] = (tokens, index) => {
    const align = /text-align:(left|center|right)/.exec(tokens[index].attrGet("style") ?? "")?.[1];
    return align ? `<${tokens[index].tag} align="${align}">` : `<${tokens[index].tag}>`;
  };
}

/**
 * Tokens of `source`. `references` are the link definitions known before it; new ones are added to it. A carriage return
 * alone would be a line to markdown-it, and only to it.
 */
export const parse = (source, references = {}) => markdown.parse(source.replaceAll("\r", ""), { references });

export const render = (tokens) => markdown.renderer.render(tokens, markdown.options, {});

/** The line (from 0) on which each top-level block begins. */
export const blockLines = (tokens) =>
  tokens.filter((token) => token.level === 0 && token.nesting >= 0 && token.map).map((token) => token.map[0]);
