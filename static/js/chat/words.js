/** What the page says about a turn, in words. Pure; numbers are written as the reader's language writes them. */
import { handedOn, iterationsTaken } from "./delegated-state.js";

const number = new Intl.NumberFormat();

export const count = (value) => number.format(value);

/** 1 → "1 token", 2 → "2 tokens" */
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** 340 → "340 ms", 1240 → "1.2 s" */
export const duration = (ms) => (ms < 1000 ? `${count(ms)} ms` : `${count(Math.round(ms / 100) / 10)} s`);

/** The last words about a turn that did not simply complete: `{ tone, label, detail }`, or null. */
export function ending(state) {
  if (state.status === "stopped") return { tone: "quiet", label: "Stopped by you" };
  if (state.status === "interrupted") return interrupted(state);
  if (state.reason === "server_busy") return { tone: "warning", label: "Busy", detail: state.error ?? "" };
  if (state.status === "failed") return { tone: "danger", label: "Failed", detail: state.error ?? state.reason ?? "" };
  if (state.reason === "iteration_limit") {
    return { tone: "warning", label: `Ended after ${state.n} of ${state.max} iterations`, detail: state.error };
  }
  if (state.reason === "no_progress") return NO_PROGRESS;
  return CUT[state.finish_reason] ?? null;
}

const NO_PROGRESS = {
  tone: "warning",
  label: "Ended without progress",
  detail: "The same calls came again and again, so the agent was asked to sum up what it has.",
};

const CUT = {
  length: { tone: "warning", label: "Cut off", detail: "The answer reached the model's output limit." },
  context_window: { tone: "warning", label: "Cut off", detail: "The model's context window is full." },
  refusal: { tone: "warning", label: "Declined", detail: "The provider's model declined to answer this." },
};

/** The same in whole sentences, to be read out. */
export function endingAloud(state) {
  const { label, detail } = ending(state) ?? {};
  return [label && `${label}.`, detail].filter(Boolean).join(" ");
}

function interrupted(state) {
  const lost = state.reason === null || state.reason === "worker_lost";
  const label = lost ? "Interrupted – the server restarted" : "Interrupted";
  return { tone: "warning", label, detail: (lost ? null : state.error) ?? "What was written is kept." };
}

/**
 * The words of a waiting card: `{ title, detail, next }`; `next` happens at the end of its countdown. `provider` is its
 * name for people, `context` that of the call that waits, or null.
 */
export function waitingWords(waiting, provider, context = null) {
  const used = usedOf(waiting);
  const { title, detail, next = "sends" } = {
    pacing: { title: `Waiting for ${provider}`, detail: used || "Its limit for this minute is used up." },
    provider_rate_limited: {
      title: `${provider} asked us to slow down`,
      detail: `Your message is kept and sent again by itself. ${used}`,
      next: "tries again",
    },
    provider_overloaded: {
      title: `${provider} is overloaded`,
      detail: "Your message is kept and sent again by itself.",
      next: "tries again",
    },
    quota: {
      title: "Your quota is used up for now",
      detail: used || "Your message is kept and is sent when there is room.",
    },
  }[waiting.reason] ?? { title: `Waiting for ${provider}`, detail: used };
  const less = context?.built_tokens ? `${count(context.built_tokens)} → ${plural(context.tokens, "token")}.` : "";
  return { title, detail: [detail.trim(), place(waiting), less].filter(Boolean).join(" "), next };
}

function usedOf({ used, limit, pool }) {
  if (used === null || !limit) return "";
  return `${count(used)} of ${count(limit)} used this minute${pool ? ` in the pool ${pool}` : ""}.`;
}

/** Whoever was refused by the provider stands in no line of ours. */
function place({ position, reason }) {
  if (position === null || reason === "provider_overloaded") return "";
  return position ? `${count(position)} ahead of you.` : "You are next.";
}

/** Is there anything to leave out? Of a preview: `{ tokens, shorter_tokens, left_out, sooner_seconds }`. */
export const canBeShorter = ({ tokens, shorter_tokens: shorter }) => shorter < tokens;

/** "8,100 → 2,300 tokens; leaves out 14 older messages; about 35 s sooner." */
export function shorterWords(preview) {
  const { tokens, shorter_tokens: shorter, left_out: messages, sooner_seconds: seconds } = preview;
  if (!canBeShorter(preview)) return "Nothing can be left out: only your message and what it needs is sent.";
  const what = messages > 0 ? `leaves out ${plural(messages, "older message")}` : "shortens older results";
  const sooner = { null: "", 0: "; not sooner" }[seconds] ?? `; about ${span(seconds)} sooner`;
  return `${count(tokens)} → ${plural(shorter, "token")}; ${what}${sooner}.`;
}

const span = (seconds) => (seconds < 90 ? `${seconds} s` : `${count(Math.round(seconds / 60))} min`);

/** How a call was sent otherwise than it was built, in sentences; none where it was not. */
export function sentOtherwise({ built_tokens: built, tokens, reply_cap: cap }) {
  return [
    built &&
      `Sent shorter than it was built, ${count(tokens)} instead of ${plural(built, "token")}: ` +
        "the rate limit had no room.",
    cap && `The reply was capped at ${plural(cap, "token")} to fit the rate limit; a longer one goes on by itself.`,
  ].filter(Boolean);
}

/** 600 → "10 min left", 42 → "under a minute left": calm, for a decision needs no hurry. */
export function timeLeft(seconds) {
  if (seconds > 60) return `${count(Math.ceil(seconds / 60))} min left`;
  return seconds ? "under a minute left" : "time is up";
}

/** What a turn that goes on is doing now. `agentName` is a function of the agent's id. */
export function doing(state, agentName) {
  if (state.status === "queued") return "Waiting for its turn";
  if (state.approvals.some((one) => one.status === "pending")) return "Waiting for your decision";
  const last = state.iterations.at(-1);
  const running = last?.tools.filter((tool) => tool.ok === null) ?? [];
  const handed = handedOn(state);
  if (handed) return handedWords(handed.delegated, agentName);
  if (running.length) return `Using ${running.map((tool) => tool.name).join(", ")}`;
  if (last?.text && !last.tools.length) return "Answering";
  if (last?.reasoning && !last.text) return "Thinking";
  return "Working";
}

function handedWords({ agent, iterations }, agentName) {
  const using = iterations.at(-1).tools.filter((tool) => tool.ok === null);
  return `${agentName(agent)} ${using.length ? `uses ${using.map((tool) => tool.name).join(", ")}` : "works on it"}`;
}

/** "3 iterations · 12,340 tokens in · 560 out" */
export function spent(state) {
  const { input_tokens: input, output_tokens: output } = state.usage ?? {};
  return [
    iterationsTaken(state) > 1 ? plural(iterationsTaken(state), "iteration") : null,
    input ? `${count(input)} tokens in` : null,
    output ? `${count(output)} out` : null,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** "Iteration 3 · 2,140 of 8,192 tokens sent" */
export const stepWords = ({ n, context }) =>
  [`Iteration ${count(n)}`, context && `${count(context.tokens)} of ${plural(context.limit, "token")} sent`]
    .filter(Boolean)
    .join(" · ");

/** "12 earlier messages not sent (9,240 tokens)" */
export const notSent = ({ left_out: messages, left_out_tokens: tokens }) =>
  `${plural(messages, "earlier message")} not sent${tokens ? ` (${plural(tokens, "token")})` : ""}`;

/** The text of the answer, as it was written. */
export const answerOf = (state) =>
  state.iterations
    .map((iteration) => iteration.text)
    .filter(Boolean)
    .join("\n\n");
