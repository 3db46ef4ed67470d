/** The stacked bar of a token budget: what a call carried, part by part, and what was free. */
import { el } from "../dom.js";

/** `context` as `context.built` tells it → its parts in the order in which they are sent; they add up to the limit. */
export function partsOf({ tokens, limit, budget }) {
  const { instructions, tools, overhead, conversation, message } = budget;
  return [
    { name: "instructions", label: "Instructions", tokens: instructions },
    { name: "tools", label: "Tools", tokens: tools },
    { name: "overhead", label: "Overhead", tokens: overhead },
    { name: "conversation", label: "Conversation", tokens: conversation - message },
    { name: "message", label: "This message", tokens: message },
    { name: "free", label: "Free", tokens: limit - tokens },
  ];
}

export const barPart = ({ name, tokens }) => el("span", { class: `bar-part bar-${name}`, "data-tokens": tokens });

/** Each part of every bar in `root` as long as its tokens. (The policy of the page forbids styles in HTML.) */
export function sizeBars(root) {
  for (const part of root.querySelectorAll(".bar-part")) part.style.flexGrow = part.dataset.tokens;
}
