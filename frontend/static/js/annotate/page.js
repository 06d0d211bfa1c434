/** The label station: keys in, votes out, the next item at once. */

import { makeActions } from "./actions.js";
import { markVersion, showKeys } from "./board.js";
import {
  byId,
  call,
  clock,
  drawOutbox,
  fetchWork,
  keyMap,
  makeLoop,
  outbox,
  say,
  server,
  setup,
  store,
  storeName,
  watchWindow,
  windows,
} from "./desk.js";
import { isAsking, setUpDialogs } from "./dialogs.js";
import { eager } from "./feed.js";
import { interpret, preferences } from "./keys.js";
import { catchUp, firstLease } from "./opening.js";
import {
  current,
  draw,
  picture,
  show,
  shownFirst,
  update,
  updateDraft,
} from "./screen.js";
import * as state from "./state.js";
import { refusal } from "./words.js";

/** Whoever did something in this time is at work, in milliseconds. */
const AT_WORK = 300_000;
/** At this share of the items ahead more are fetched. */
const LOW_SHARE = 0.4;
/** When this many votes wait, they are sent before the next turn of the loop. */
const BATCH = 5;

/** The lease that opening.js asked for, unless what waits to be sent is among it. */
const awaited = { lease: outbox.ops.length === 0 ? firstLease : null };
const otherWindows = { areOpen: false };
const lastPress = { key: "", at: 0 };

const refill = async () => {
  const held = current.session.queue.length;
  const wanted = state.depth(current.times, Date.now());
  const isLow = held <= wanted * LOW_SHARE;
  const ask = () => {
    const used = held + state.pending(outbox.ops).size;
    const count = Math.min(
      50,
      isLow && Date.now() >= server.feed.nextLook ? wanted + used : used,
    );
    const lease = awaited.lease ?? call("queue/lease/", { count });
    awaited.lease = null;
    return lease;
  };
  const take = (/** @type {any} */ got) => {
    const items = state.foremost(got.items, shownFirst);
    current.session = state.arrive(current.session, items, outbox.ops);
    current.isOutdated = got.label_set !== setup.labelSet;
    return current.session.queue.length > held;
  };
  const isAtWork = clock.idle() < AT_WORK;
  if (!(await fetchWork({ isLow, isAtWork }, ask, take))) return;
  const wasReady = current.isReady;
  current.isReady = true;
  if (held === 0 && current.session.queue.length > 0) show(current.session);
  else draw();
  if (!wasReady) begin();
};

/** The first items have come, or what keeps them: from here on the station answers. */
const begin = () => {
  byId("item").removeAttribute("aria-busy");
  catchUp(current.session.queue[0]?.assignment === shownFirst);
};

/** @type {import("./sender.js").OnReply} */
const onReply = (id, saved, problem) => {
  const isMine = state.entry(current.session, id) !== undefined;
  if (!problem) current.session = state.replied(current.session, id, saved);
  else if (problem.code === "invalid") {
    current.session = state.again(current.session, id);
    current.isOutdated = true;
  } else current.session = state.replied(current.session, id, saved, refusal(problem));
  if (problem && isMine) say(refusal(problem));
};

/** Fetch the page anew for the labels of now, once nothing waits; never twice for the same. */
const renew = () => {
  if (outbox.ops.length > 0 || isAsking()) return;
  if (sessionStorage.getItem(storeName) === String(setup.labelSet)) return;
  sessionStorage.setItem(storeName, String(setup.labelSet));
  location.reload();
};

const { flush, tick } = makeLoop({
  onReply,
  refill,
  sent: () => {
    draw();
    if (current.isOutdated) renew();
  },
  rest: () => server.feed.wait,
});

/** @param {import("./outbox.js").Draft} draft */
const keep = (draft) => {
  store(draft).then(() => outbox.isSafe || drawOutbox());
  drawOutbox();
  if (draft.kind === "vote" || draft.kind === "skip")
    windows.postMessage({ taken: draft.assignment });
  if (outbox.ops.length >= BATCH && server.feed.trouble === "") flush(BATCH);
  if (current.session.queue.length === 0) server.feed = eager(server.feed);
  refill();
};

const lookAgain = () => {
  server.feed = eager(server.feed);
  return flush().then(refill);
};

const { actions, choose, look } = makeActions({ keep, again: lookAgain });

/** A key that bounced, or was pressed twice by mistake. @param {string} key @param {number} at */
const bounced = (key, at) => {
  const isBounce = key === lastPress.key && at - lastPress.at < current.keys.guard;
  Object.assign(lastPress, { key, at });
  return isBounce;
};

/** Does this key belong to what has the focus? @param {KeyboardEvent} event */
const isForFocus = ({ target, key }) => {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches("input[type=range]")) return /^(Arrow|Page|Home|End)/.test(key);
  if (target.matches("input, textarea, select")) return true;
  return target.matches("button, a, summary") && (key === "Enter" || key === " ");
};

const ARROWS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [60, 0],
  ArrowRight: [-60, 0],
  ArrowUp: [0, 60],
  ArrowDown: [0, -60],
});

document.addEventListener("keydown", (event) => {
  clock.beat();
  if (!current.isReady) return;
  // While an input method composes a letter, its keys are not ours.
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isAsking() || isForFocus(event)) return;
  if (event.key === "Escape") {
    current.draft = { ...current.draft, typed: "" };
    const { session } = current;
    return session.revisited === null ? draw() : look(state.revisit(session, null));
  }
  const arrow = event.shiftKey ? ARROWS[event.key] : undefined;
  if (arrow) return picture?.move(...arrow);
  const { typed } = current.draft;
  const meant = interpret(keyMap, current.keys.actions, typed, event);
  if (!current.keys.isOn && meant.action !== "help") return;
  if (event.repeat) {
    if (meant.action || meant.label || meant.typed) event.preventDefault();
    return;
  }
  if (meant.label === undefined && meant.action === undefined) {
    if (meant.typed !== typed) updateDraft({ typed: meant.typed });
    return;
  }
  current.draft = { ...current.draft, typed: meant.typed };
  event.preventDefault();
  if (bounced(event.code || event.key, event.timeStamp)) return;
  if (meant.label !== undefined) choose(meant.label);
  else actions[meant.action ?? ""]?.(event);
});

document.addEventListener("click", (event) => {
  clock.beat();
  if (!current.isReady) return;
  const button =
    event.target instanceof Element ? event.target.closest("button") : null;
  const { label, revisit, do: action } = button?.dataset ?? {};
  if (label !== undefined) choose(label);
  else if (revisit !== undefined) look(state.revisit(current.session, revisit));
  else if (action !== undefined) actions[action]?.();
  else return;
  // A pointer leaves the keys to the item; who came by keyboard stays where they are.
  if (event.detail > 0) button?.blur();
});

windows.addEventListener("message", ({ data }) => {
  otherWindows.areOpen = true;
  if (data.hello) windows.postMessage({ here: true });
  if (data.taken) {
    const before = current.session.queue[0];
    current.session = state.without(current.session, data.taken);
    if (current.session.queue[0] !== before && current.session.revisited === null)
      show(current.session);
    refill();
  }
  if (data.replies) {
    onReply(.../** @type {Parameters<typeof onReply>} */ (data.replies));
    outbox.reload().then(draw);
  }
});

document.addEventListener("visibilitychange", () => {
  clock.hide(document.hidden);
  // A hidden page may be thrown away without another event, on phones above all.
  if (document.hidden) flush();
  else lookAgain();
});
watchWindow(lookAgain, () =>
  otherWindows.areOpen ? [] : current.session.queue.map((lease) => lease.assignment),
);

setUpDialogs({
  username: setup.username,
  back: lookAgain,
  changed: () => {
    update({ keys: preferences() });
    showKeys(keyMap, current.keys);
  },
});
const field = byId("find");
if (field) import("./finder.js").then(({ setUpFinder }) => setUpFinder(field, choose));
showKeys(keyMap, current.keys);
markVersion(storeName);
windows.postMessage({ hello: true });

await refill();
await tick();
