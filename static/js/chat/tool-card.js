/** One tool call: its name and how it went in one line; arguments and result when it is opened. */
import { el, icon, say } from "../dom.js";
import { duration, plural } from "./words.js";
import { visibleControls } from "../markdown/visible-controls.js";

const LONGEST = 20_000; // characters of a result that are put on the page

export class ToolCard {
  #touched = false;

  constructor(tool) {
    this.name = el("span", { class: "tool-name" }, visibleControls(tool.name));
    this.steps = el("div", { hidden: true });
    this.state = el("span", { class: "tool-state" });
    this.took = el("span", { class: "tool-took" });
    this.consent = el("span", { class: "tool-consent" });
    this.result = el("pre", { tabindex: "0", role: "region", "aria-label": "Result" });
    this.resultPart = el("div", { hidden: true }, el("p", { class: "whisper" }, "Result"), this.result);
    this.note = el("p", { class: "whisper" });
    this.element = el(
      "details",
      { class: "tool", "data-tool": tool.id },
      el("summary", {}, icon("tool"), this.name, this.consent, this.state, this.took),
      el(
        "div",
        { class: "tool-body" },
        el("p", { class: "whisper" }, "Arguments"),
        el("pre", { tabindex: "0", role: "region", "aria-label": "Arguments" }, pretty(tool.arguments)),
        this.steps,
        this.resultPart,
        this.note,
      ),
    );
    this.element.querySelector("summary").addEventListener("click", () => (this.#touched = true));
    this.update(tool);
  }

  update(tool) {
    this.element.dataset.state = tool.ok === null ? "running" : tool.ok ? "ok" : "failed";
    this.#showConsent(tool.approval);
    if (tool.approval === "pending") say(this.state, "");
    else say(this.state, { running: "running", ok: "done", failed: "failed" }[this.element.dataset.state]);
    say(this.took, tool.took_ms === null ? "" : duration(tool.took_ms));
    this.resultPart.hidden = tool.ok === null;
    say(this.result, cut(pretty(tool.preview)));
    say(this.note, noteOn(tool));
  }

  #showConsent(approval) {
    if (approval) this.element.dataset.approval = approval;
    say(this.consent, CONSENT[approval] ?? "");
  }

  /** Another agent works on this call: `element` shows its steps. */
  nest(element) {
    this.steps.append(element);
    this.steps.hidden = false;
  }

  /** Its steps are open while they come, until the reader decides otherwise. */
  handedTo(agent, tool, ended) {
    say(this.name, `${visibleControls(tool.name)} → ${agent}`);
    if (!this.#touched) this.element.open = tool.ok === null && !ended;
  }

  /** The turn is over: what did not come back never will. */
  end(tool) {
    if (tool.ok !== null) return;
    this.element.dataset.state = "ended";
    say(this.state, "no result");
  }
}

const CONSENT = {
  pending: "Waiting for you",
  approved: "Allowed by you",
  denied: "Refused by you",
  expired: "Not answered",
};

function noteOn(tool) {
  const size = tool.tokens === null ? "" : plural(tool.tokens, "token");
  return tool.shortened ? `${size ? `${size}; ` : ""}only its beginning is shown` : size;
}

const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** JSON is set in lines; anything else stays as it is. */
function pretty(text) {
  try {
    const value = JSON.parse(text);
    return visibleControls(typeof value === "object" && value ? JSON.stringify(value, null, 2) : text);
  } catch {
    return visibleControls(text ?? "");
  }
}
