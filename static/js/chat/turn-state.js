/**
 * The state of a turn as a pure fold over its events: the same function as `chat/turn_state.py`, for the browser.
 * `reduce` never changes the state that it is given; an event it does not know only moves `seq`.
 */
import { APPLY as DELEGATED } from "./delegated-state.js";
import { countedTokens, emptyIteration, newTool, noLongerWaiting, pick, putResult } from "./turn-pieces.js";

export function emptyTurn({ turn, conversation }) {
  return {
    turn,
    conversation,
    question: null,
    seq: 0,
    status: "queued",
    reason: null,
    error: null,
    finish_reason: null,
    position: null,
    agent: null,
    provider: null,
    model: null,
    n: 0,
    max: 0,
    iterations: [],
    approvals: [],
    waiting: null,
    usage: null,
    message: null,
  };
}

const ENDED = new Set(["completed", "stopped", "interrupted", "failed"]);

export const isEnded = (state) => ENDED.has(state.status);
export const isActive = (state) => state.status === "running" || state.status === "waiting";

/** Is there a hole between what `state` has and `event`? Then the log must be asked again from `state.seq`. */
export const leavesGap = (state, event) => event.seq > state.seq + 1;

/** The state after `event` (`{type, turn, seq, …}`). One folded before, or that leaves a gap, changes nothing. */
export function reduce(state, event) {
  if (event.seq !== state.seq + 1) return state;
  const apply = Object.hasOwn(APPLY, event.type) ? APPLY[event.type] : () => ({});
  return { ...state, ...apply(state, event), seq: event.seq };
}

const APPLY = {
  "turn.queued": (state, event) => ({ position: event.position, question: event.question ?? null }),
  "turn.started": (state, event) => ({
    status: "running",
    position: null,
    agent: event.agent,
    provider: event.provider,
    model: event.model,
    question: event.question ?? state.question,
  }),
  "iteration.started": (state, event) => ({
    n: event.n,
    max: event.max,
    iterations: [...state.iterations, emptyIteration(event)],
  }),
  "context.built": (state, event) => lastIteration(state, { context: pick(event, CONTEXT) }),
  "turn.waiting": (state, event) => ({ status: "waiting", waiting: pick(event, WAITING) }),
  "turn.granted": (state) => noLongerWaiting(state),
  delta: (state, event) => going(state, (last) => ({ text: last.text + event.text })),
  reasoning: (state, event) => going(state, (last) => ({ reasoning: last.reasoning + event.text })),
  "tool.call": (state, event) => going(state, (last) => ({ tools: [...last.tools, newTool(event)] })),
  "tool.approval": (state, event) => ({
    approvals: [...state.approvals, { ...pick(event, APPROVAL), status: "pending" }],
    ...noteApproval(state, event.call, "pending"),
  }),
  "tool.decided": (state, event) => {
    const status = event.approved ? "approved" : event.by ? "denied" : "expired";
    return {
      approvals: state.approvals.map((one) => (one.id === event.id ? { ...one, status } : one)),
      ...noteApproval(state, event.call, status),
    };
  },
  "tool.result": (state, event) =>
    lastIteration(state, { tools: putResult(state.iterations.at(-1).tools, event) }),
  usage: (state, event) => going(state, () => ({ usage: countedTokens(event) })),
  "turn.ended": (state, event) => ({
    status: event.status,
    reason: event.reason,
    error: event.error ?? null,
    finish_reason: event.finish_reason ?? null,
    message: event.message,
    usage: event.usage,
    position: null,
    waiting: null,
    ...expired(state),
  }),
  ...DELEGATED,
};

const CONTEXT = [
  "call",
  "tokens",
  "limit",
  "budget",
  "left_out",
  "left_out_tokens",
  "boundary",
  "built_tokens",
  "reply_cap",
];
const WAITING = ["reason", "pool", "retry_at", "used", "limit", "position"];
const APPROVAL = ["id", "call", "tool", "title", "request", "expires_at"];

function lastIteration(state, change) {
  return { iterations: [...state.iterations.slice(0, -1), { ...state.iterations.at(-1), ...change }] };
}

function noteApproval(state, call, approval) {
  const { tools } = state.iterations.at(-1);
  return lastIteration(state, { tools: tools.map((tool) => (tool.id === call ? { ...tool, approval } : tool)) });
}

/** With the end of a turn: nobody can decide any more what is still asked. */
function expired({ approvals, iterations }) {
  if (!approvals.some((one) => one.status === "pending")) return {};
  const gone = (one, name) => (one[name] === "pending" ? { ...one, [name]: "expired" } : one);
  return {
    approvals: approvals.map((one) => gone(one, "status")),
    iterations: iterations.map((one) => ({ ...one, tools: one.tools.map((tool) => gone(tool, "approval")) })),
  };
}

/** What shows that the model answers: a wait is over. `changeOf(last iteration)` is the change. */
function going(state, changeOf) {
  return { ...noLongerWaiting(state), ...lastIteration(state, changeOf(state.iterations.at(-1))) };
}
