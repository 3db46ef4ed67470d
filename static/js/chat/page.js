/** The chat page: makes the parts, and ties them together. What a part does is in its own file. */
import { Memory } from "../memory.js";
import { Announcer } from "./announcer.js";
import { Api } from "./api.js";
import { Approvals } from "./approvals.js";
import { setServerTime } from "./clock.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { ContextMeter } from "./context-meter.js";
import { Conversation } from "./conversation.js";
import { copyCodeIn } from "./copy.js";
import { Draft } from "./draft.js";
import { loadEarlier } from "./earlier.js";
import { EmptyState } from "./empty-state.js";
import { Follow } from "./follow.js";
import { guardFragments } from "./fragments.js";
import { Headroom } from "./headroom.js";
import { Limits } from "./limits.js";
import { Names } from "./names.js";
import { Outbox } from "./outbox.js";
import { pageState } from "./page-state.js";
import { Picker } from "./picker.js";
import { Pill } from "./pill.js";
import { QueueChips } from "./queue-chips.js";
import { Sends } from "./sends.js";
import { Inspector } from "./inspector.js";
import { listenForShortcuts } from "./shortcuts.js";
import { Sidebar } from "./sidebar.js";
import { TabTitle } from "./tab-title.js";
import { Toasts } from "./toasts.js";
import { Transcript } from "./transcript.js";
import { TurnStore } from "./turn-store.js";

const page = pageState();
const root = document.getElementById("chat");
const part = (name) => root.querySelector(`[data-${name}]`);
const form = part("composer");

setServerTime(page.server_time);
const memory = new Memory(page.user.id);
const names = new Names(page);
const toasts = new Toasts(part("toasts"));
const announcer = new Announcer({ element: part("announcer"), select: part("help").querySelector("select") });
const tabTitle = new TabTitle();
const connection = new Connection(new URL(root.dataset.socket, location.href.replace(/^http/, "ws")));
const api = new Api({ base: root.dataset.api, onSignedOut: signIn });
const store = new TurnStore();
const outbox = new Outbox({ connection, memory });
const follow = new Follow({ scroller: part("scroller"), button: part("jump") });

const composer = new Composer({
  form,
  draft: new Draft(memory),
  limit: page.limits.message_characters,
  onSend: (text) => conversation.send(text),
});
const empty = new EmptyState({ onStart: (words) => composer.fill(words) });
const picker = new Picker({ form, names, memory, onChange: choose });

const inspector = new Inspector({
  dialog: part("inspector"),
  address: root.dataset.receipt,
  anyId: root.dataset.anyId,
  onSignedOut: signIn,
  onFail: (words) => toasts.fail(words),
});
const headroom = new Headroom(part("headroom"));
const limits = new Limits({ api, connection, onChange: drawHeadroom });
const meter = new ContextMeter({ element: part("context"), onOpen: (context) => inspector.open(context) });

const transcript = new Transcript({
  element: part("transcript"),
  follow,
  empty,
  names,
  announce: announcer.say,
  onContext: (context) => {
    meter.show(context);
    inspector.follow(context);
  },
  onOpen: (context) => inspector.open(context),
  actionsOf: (viewOf) => ({
    retry: () => sends.retry(viewOf().item),
    takeBack: () => sends.takeBack(viewOf().item),
    edit: (text) => conversation.edit(viewOf().message.id, text),
    showSibling: (id) => conversation.showBranch(id),
  }),
  turnActions: {
    stop: (state) => conversation.stop(state),
    regenerate: (state) => conversation.regenerate(state),
    goOn: () => conversation.send("Please go on where you stopped."),
    showSibling: (id) => conversation.showBranch(id),
    previewShorter: ({ turn }) => api.get(`/turns/${turn}/shorter`),
    shorten: ({ turn }) => conversation.shorten(turn),
    askOther: (state, model) => conversation.askOther(state, model),
    isFollowed: () => store.queued().length > 0 || sends.pending().length > 0,
    fail: toasts.fail,
  },
});
const sends = new Sends({
  outbox,
  transcript,
  onChange: () => conversation.drawChips(),
  onTakeBack: (text) => composer.fill(text),
});
const chips = new QueueChips({ element: part("queue"), cancel: (item) => conversation.cancelChip(item) });
const approvals = new Approvals({
  element: part("approvals"),
  decide: (turn, approval, approved) => conversation.decide(turn, approval, approved),
  announce: announcer.say,
  fail: toasts.fail,
  leave: () => composer.field.focus(),
});
const sidebar = new Sidebar({ root, toasts, onGone: () => location.assign(root.dataset.home) });

const conversation = new Conversation({
  api,
  connection,
  store,
  outbox,
  transcript,
  sends,
  chips,
  approvals,
  composer,
  toasts,
  announcer,
  tabTitle,
  branchNote: part("branch-note"),
  choice: () => picker.chosen(),
  onMade: moved,
  onChange: drawControls,
});

function choose(chosen) {
  drawEmpty();
  drawHeadroom();
  if (!conversation.id) return;
  api.patch(`/conversations/${conversation.id}`, chosen).catch((error) => toasts.fail(error.message));
}

function drawEmpty() {
  empty.show({ agent: names.agentOf(picker.chosen().agent), model: picker.chosenModel() });
}

function drawHeadroom() {
  headroom.show(limits.of(picker.chosenModel()));
}

function drawControls() {
  part("stop").hidden = !store.active();
}

/** A new chat has become a conversation with an address. */
function moved(id) {
  composer.rename(id);
  history.pushState(null, "", root.dataset.conversation.replace(root.dataset.anyId, id));
  sidebar.moved();
}

/** The session is over. What is typed is kept; after signing in, this page comes back. */
function signIn() {
  const address = `${root.dataset.signIn}?next=${encodeURIComponent(location.pathname)}`;
  // A server that takes our page but not our socket would send us round in circles.
  if (Date.now() - Number(sessionStorage.getItem("signed-out")) < 10_000) {
    return toasts.say("You are signed out. What you typed is kept.", {
      error: true,
      link: { href: address, label: "Sign in" },
    });
  }
  sessionStorage.setItem("signed-out", Date.now());
  return location.assign(address);
}

function refused(code) {
  if (code === 4401) return signIn();
  const words = {
    4403: "You may not use the chat any more. Ask an administrator.",
    4406: "This page is older than the server. Your text is kept; reload the page.",
    1009: "A message was too big to be sent. Your text is kept; shorten it, then reload the page.",
  };
  return toasts.fail(words[code]);
}

function heard(frame) {
  if (frame.type === "feed") sidebar.heard(frame, conversation.id);
  else conversation.receive(frame);
}

connection.addEventListener("refused", ({ detail }) => refused(detail));
connection.addEventListener("frame", ({ detail }) => heard(detail));
new Pill({
  element: part("pill"),
  connection,
  words: () => (store.active() ? "Reconnecting – your answer keeps generating" : "Reconnecting – your text is kept"),
});
part("branch-leave").addEventListener("click", () => conversation.refresh());
part("stop").addEventListener("click", () => conversation.stop());
copyCodeIn(part("transcript"));
guardFragments({ onSignedOut: signIn, onFail: toasts.fail });
loadEarlier({ button: part("earlier"), api, transcript, page, toasts });
listenForShortcuts({
  stop: () => conversation.stop(),
  isRunning: () => Boolean(store.active()),
  focus: () => composer.focus(),
  newChat: () => location.assign(root.dataset.home),
  help: part("help"),
});
addEventListener("popstate", () => location.reload());

picker.open(page.conversation);
drawEmpty();
conversation.show(page);
composer.open(conversation.id);
for (const entry of outbox.left()) conversation.resume(entry);
drawControls();
connection.open();
if (matchMedia("(hover: hover)").matches) composer.focus();
