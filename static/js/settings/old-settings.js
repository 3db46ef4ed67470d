/**
 * An earlier version kept its settings in the browser, one key for each model: `agent-config-PROVIDER-MODEL`. They are
 * shown, and imported through the API if their owner says so: the server checks each, and only what it took is removed.
 */
import { el, say } from "../dom.js";

const PREFIX = "agent-config-";
const NAMES = { maxOutputTokens: "max_output_tokens", temperature: "temperature", maxIterations: "max_iterations" };
const LABELS = { maxOutputTokens: "Max Output Tokens", temperature: "Temperature", maxIterations: "Max Iterations" };

export function offerOldSettings(section) {
  const found = oldSettings();
  if (!found.length) return;
  const part = (name) => section.querySelector(`[data-old-settings-${name}]`);
  const said = (words) => say(part("said"), words);

  const lines = new Map(found.map((old) => [old.key, lineOf(old)]));
  part("list").append(...lines.values());
  part("forget").addEventListener("click", () => {
    for (const old of found) localStorage.removeItem(old.key);
    section.hidden = true;
  });
  part("import").addEventListener("click", async () => {
    said("Importing …");
    const refused = [];
    for (const old of oldSettings()) {
      const why = await importOne(old);
      refused.push(...why);
      if (!why.length) lines.get(old.key)?.remove();
    }
    if (!refused.length) return location.reload();
    said(`Left as they are: ${refused.join(" · ")}`);
  });
  section.hidden = false;
}

const lineOf = ({ provider, model, words }) => el("li", {}, el("strong", {}, `${provider} ${model}`), ` ${words}`);

function oldSettings() {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => read(key))
    .filter(Boolean);
}

/** Null for what is none of ours: such a key stays untouched. */
function read(key) {
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
  const names = Object.keys(NAMES).filter((name) => typeof kept?.[name] === "number");
  const { provider, model } = whoseIs(key, kept ?? {});
  if (!names.length || !provider || !model || isPathUp(model)) return null;
  const changes = Object.fromEntries(names.map((name) => [NAMES[name], kept[name]]));
  const words = names.map((name) => `${LABELS[name]} ${kept[name].toLocaleString("en")}`).join(", ");
  return { key, provider, model, changes, words };
}

/** An address would be shortened by it. */
const isPathUp = (model) => model.split("/").some((part) => part === "" || part === "." || part === "..");

/** What the value says; else what the key says, where it begins with a provider that is known here. */
function whoseIs(key, { providerId, modelId } = {}) {
  if (typeof providerId === "string" && typeof modelId === "string") return { provider: providerId, model: modelId };
  const rest = key.slice(PREFIX.length);
  const provider = [...document.getElementById("provider").options].find(({ value }) => rest.startsWith(`${value}-`));
  return { provider: provider?.value, model: provider && rest.slice(provider.value.length + 1) };
}

/** [] where it was taken, else why not. */
async function importOne({ key, provider, model, changes }) {
  const path = [provider, ...model.split("/")].map(encodeURIComponent).join("/");
  const answer = await fetch(`/api/v1/agent-configs/${path}`, {
    method: "PUT",
    headers: {
      "Content-Type": "application/json",
      "X-CSRFToken": document.querySelector("meta[name='csrf-token']").content,
    },
    body: JSON.stringify(changes),
  });
  if (answer.ok) localStorage.removeItem(key);
  return answer.ok ? [] : [`${provider} ${model}: ${(await answer.json()).error.message}`];
}
