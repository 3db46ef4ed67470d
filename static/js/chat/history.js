/**
 * Message rows → what the transcript shows: questions, and one turn state per answer. A turn whose events are no longer
 * kept is rebuilt from its rows; one that is running goes on from the state that the page was given.
 */
import { emptyTurn } from "./turn-state.js";

/** `[{ kind: "question", message } | { kind: "turn", state, siblings }]` in the order of the conversation. */
export function entriesOf({ messages, turns, conversation }) {
  const rows = Map.groupBy(
    messages.filter((message) => message.role !== "user" && message.turn),
    (message) => message.turn,
  );
  const entries = [];
  const shown = new Set();
  let question = null;
  const show = (turn, state, answers) => {
    if (shown.has(turn)) return;
    shown.add(turn);
    const whole = stateOf({ turn, conversation, question, state, answers });
    entries.push({ kind: "turn", state: whole, siblings: siblingsOf(answers) });
  };
  messages.forEach((message, index) => {
    if (message.role !== "user") return show(message.turn, turns[message.turn], rows.get(message.turn) ?? [message]);
    question = message.id;
    entries.push({ kind: "question", message });
    if (messages[index + 1]?.role === "assistant") return;
    const unanswered = latestOf(turns, message.id); // it failed, was stopped or has only begun
    if (unanswered) show(unanswered.turn, unanswered, []);
  });
  return entries;
}

const siblingsOf = (answers) => answers.find((row) => row.role === "assistant")?.siblings ?? null;

function latestOf(turns, question) {
  return Object.values(turns).findLast((state) => state.question === question && state.status !== "queued");
}

function stateOf({ turn, conversation, question, state, answers }) {
  const base = state ?? { ...emptyTurn({ turn, conversation }), status: "completed", question };
  const known = new Map(base.iterations.map((iteration) => [iteration.message, iteration]));
  const results = resultsIn(answers);
  const kept = answers
    .filter((row) => row.role === "assistant")
    .map((row, index) => known.get(row.id) ?? iterationOf({ row, n: index + 1, results }));
  const ids = new Set(kept.map((iteration) => iteration.message));
  const newer = base.iterations.filter((iteration) => !ids.has(iteration.message));
  const iterations = [...kept, ...newer];
  return { ...base, iterations, n: base.n || iterations.length };
}

const resultsIn = (rows) =>
  new Map(
    rows
      .filter((row) => row.role === "tool")
      .flatMap((row) => row.parts)
      .map((part) => [part.call_id, part]),
  );

function iterationOf({ row, n, results }) {
  const ofKind = (kind) => row.parts.filter((part) => part.kind === kind);
  return {
    n,
    message: row.id,
    text: row.text,
    reasoning: ofKind("reasoning").map((part) => part.text).join("\n\n"),
    tools: ofKind("tool_call").map((call) => toolOf(call, results.get(call.id))),
    context: null,
    usage: row.usage ?? null,
  };
}

function toolOf(call, result) {
  const { id, name, arguments: given } = call;
  const ok = result ? result.ok : null;
  return { id, name, arguments: given, ok, preview: result?.text ?? "", tokens: null, shortened: false };
}
