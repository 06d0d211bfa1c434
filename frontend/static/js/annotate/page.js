/** The label station: keys in, votes out, the next item at once. */

import { makeActions } from "./actions.js";
import { markVersion, showKeys } from "./board.js";
import {
  byId,
  call,
  clock,
  drawOutbox,
  fetchWork,
  line,
  makeLoop,
  map,
  name,
  outbox,
  say,
  setup,
  store,
  watchWindow,
  windows,
} from "./desk.js";
import { isAsking, setUpDialogs } from "./dialogs.js";
import { eager } from "./feed.js";
import { interpret, preferences } from "./keys.js";
import { catchUp, coming } from "./opening.js";
import { draw, drawn, now, picture, set, show, write } from "./screen.js";
import * as state from "./state.js";
import { refusal } from "./words.js";

const AT_WORK = 300_000;
/** At this share of the items ahead more are fetched. */
const LOW = 0.4;
const BATCH = 5;

/** The lease that opening.js asked for, unless what waits to be sent is among it. */
const first = { lease: outbox.ops.length === 0 ? coming : null };
const neighbors = { areThere: false };
const last = { key: "", at: 0 };

const refill = async () => {
  const held = now.session.queue.length;
  const wanted = state.depth(now.times, Date.now());
  const isLow = held <= wanted * LOW;
  const ask = () => {
    const used = held + state.pending(outbox.ops).size;
    const count = Math.min(
      50,
      isLow && Date.now() >= line.feed.nextLook ? wanted + used : used,
    );
    const lease = first.lease ?? call("queue/lease/", { count });
    first.lease = null;
    return lease;
  };
  const take = (/** @type {any} */ got) => {
    const items = state.foremost(got.items, drawn);
    now.session = state.arrive(now.session, items, outbox.ops);
    now.isOutdated = got.label_set !== setup.labelSet;
    return now.session.queue.length > held;
  };
  const isAtWork = clock.idle() < AT_WORK;
  if (!(await fetchWork({ isLow, isAtWork }, ask, take))) return;
  const wasReady = now.isReady;
  now.isReady = true;
  if (held === 0 && now.session.queue.length > 0) show(now.session);
  else draw();
  if (!wasReady) begin();
};

/** The first items have come, or what keeps them: from here on the station answers. */
const begin = () => {
  byId("item").removeAttribute("aria-busy");
  catchUp(now.session.queue[0]?.assignment === drawn);
};

/** @type {import("./sender.js").OnReply} */
const onReply = (id, saved, problem) => {
  const isMine = state.entry(now.session, id) !== undefined;
  if (!problem) now.session = state.replied(now.session, id, saved);
  else if (problem.code === "invalid") {
    now.session = state.again(now.session, id);
    now.isOutdated = true;
  } else now.session = state.replied(now.session, id, saved, refusal(problem));
  if (problem && isMine) say(refusal(problem));
};

/** Fetch the page anew for the labels of now, once nothing waits; never twice for the same. */
const renew = () => {
  if (outbox.ops.length > 0 || isAsking()) return;
  if (sessionStorage.getItem(name) === String(setup.labelSet)) return;
  sessionStorage.setItem(name, String(setup.labelSet));
  location.reload();
};

const { flush, tick } = makeLoop({
  onReply,
  refill,
  sent: () => {
    draw();
    if (now.isOutdated) renew();
  },
  rest: () => line.feed.wait,
});

/** @param {import("./outbox.js").Draft} draft */
const put = (draft) => {
  store(draft).then(() => outbox.isSafe || drawOutbox());
  drawOutbox();
  if (draft.kind === "vote" || draft.kind === "skip")
    windows.postMessage({ taken: draft.assignment });
  if (outbox.ops.length >= BATCH && line.feed.trouble === "") flush(BATCH);
  if (now.session.queue.length === 0) line.feed = eager(line.feed);
  refill();
};

const lookAgain = () => {
  line.feed = eager(line.feed);
  return flush().then(refill);
};

const { actions, choose, look } = makeActions({ put, again: lookAgain });

/** A key that bounced, or was pressed twice by mistake. @param {string} key @param {number} at */
const bounced = (key, at) => {
  const isBounce = key === last.key && at - last.at < now.keys.guard;
  Object.assign(last, { key, at });
  return isBounce;
};

/** Does this key belong to what has the focus? @param {KeyboardEvent} event */
const isForOther = ({ target, key }) => {
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
  if (!now.isReady) return;
  // While an input method composes a letter, its keys are not ours.
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isAsking() || isForOther(event)) return;
  if (event.key === "Escape") {
    now.draft = { ...now.draft, typed: "" };
    const { session } = now;
    return session.revisited === null ? draw() : look(state.revisit(session, null));
  }
  const arrow = event.shiftKey ? ARROWS[event.key] : undefined;
  if (arrow) return picture?.move(...arrow);
  const { typed } = now.draft;
  const meant = interpret(map, now.keys.actions, typed, event);
  if (!now.keys.isOn && meant.action !== "help") return;
  if (event.repeat) {
    if (meant.action || meant.label || meant.typed) event.preventDefault();
    return;
  }
  if (meant.label === undefined && meant.action === undefined) {
    if (meant.typed !== typed) write({ typed: meant.typed });
    return;
  }
  now.draft = { ...now.draft, typed: meant.typed };
  event.preventDefault();
  if (bounced(event.code || event.key, event.timeStamp)) return;
  if (meant.label !== undefined) choose(meant.label);
  else actions[meant.action ?? ""]?.(event);
});

document.addEventListener("click", (event) => {
  clock.beat();
  if (!now.isReady) return;
  const button =
    event.target instanceof Element ? event.target.closest("button") : null;
  const { label, revisit, do: action } = button?.dataset ?? {};
  if (label !== undefined) choose(label);
  else if (revisit !== undefined) look(state.revisit(now.session, revisit));
  else if (action !== undefined) actions[action]?.();
  else return;
  // A pointer leaves the keys to the item; who came by keyboard stays where they are.
  if (event.detail > 0) button?.blur();
});

windows.addEventListener("message", ({ data }) => {
  neighbors.areThere = true;
  if (data.hello) windows.postMessage({ here: true });
  if (data.taken) {
    const before = now.session.queue[0];
    now.session = state.without(now.session, data.taken);
    if (now.session.queue[0] !== before && now.session.revisited === null)
      show(now.session);
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
  neighbors.areThere ? [] : now.session.queue.map((lease) => lease.assignment),
);

setUpDialogs({
  username: setup.username,
  back: lookAgain,
  changed: () => {
    set({ keys: preferences() });
    showKeys(map, now.keys);
  },
});
const field = byId("find");
if (field) import("./finder.js").then(({ setUpFinder }) => setUpFinder(field, choose));
showKeys(map, now.keys);
markVersion(name);
windows.postMessage({ hello: true });

await refill();
await tick();
