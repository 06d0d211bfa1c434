/** The label station: keys in, votes out, the next item at once. */
import { uuid } from "./api.js";
import {
  drawLabels,
  drawQuestion,
  markVersion,
  press,
  showKeys,
  toggleGuide,
} from "./board.js";
import {
  byId,
  call,
  clock,
  drawOutbox,
  hues,
  map,
  name,
  outbox,
  say,
  setup,
  store,
  troubleOf,
  watchWindow,
  windows,
} from "./desk.js";
import { ask, isAsking, setUpDialogs, showHelp } from "./dialogs.js";
import { interpret, preferences } from "./keys.js";
import { catchUp, coming } from "./opening.js";
import { makeSender } from "./sender.js";
import * as state from "./state.js";
import { adopt, drawItem, drawTrail, forget, preload, shows } from "./view.js";
import { refusal, t } from "./words.js";

const LIMIT = 500;
const AT_WORK = 300_000;
/** At this share of the items ahead more are fetched. */
const LOW = 0.4;
const BATCH = 5;
const SOON = 2000;

const picture =
  setup.dataType === "image"
    ? (await import("./picture.js")).makePicture(byId("item"))
    : undefined;
if (setup.dataType === "table")
  shows["table"] = (await import("./table.js")).makeTable(byId("item"), `${name}-pins`);
/** The item that came with the page; it stays until its lease has come. */
const drawn = Number(byId("item").dataset["shown"]);
if (picture) adopt(byId("item"));
let isReady = false;
let session = state.start();
let keys = preferences();
let reason = "";
let trouble = "";
let typed = "";
let isUnsure = false;
let comment = "";
let isDeclined = false;
let isFetching = false;
/** The lease that opening.js asked for, unless what waits to be sent is among it. */
let first = outbox.ops.length === 0 ? coming : null;
let isAlone = true;
let isOutdated = false;
let wait = SOON;
let pause = SOON;
let renewAt = Number.POSITIVE_INFINITY;
let nextLook = 0;
/** @type {number[]} */
let times = [];
let last = { key: "", at: 0 };

const drawPace = () => {
  const pace = keys.showsPace ? state.pace(session) : null;
  byId("pace").textContent = pace === null ? "" : t("{pace}/min", { pace });
};

const draw = () => {
  if (isReady)
    drawItem(byId("item"), state.shown(session), setup.dataType, trouble || reason);
  drawTrail(byId("trail"), session, hues);
  drawOutbox(trouble);
  drawPace();
  byId("ready").textContent = session.revisited
    ? t("esc: back to the next item")
    : t("{count} ready", { count: session.queue.length });
  drawLabels(session.chosen, typed);
  drawQuestion(asked(), hues);
  press("unsure", isUnsure);
  press("comment", comment !== "");
  preload(session.queue);
};

/** The label that is asked for with yes or no, where the person wants that and the model suggests one. */
const asked = () => {
  const isAsked = keys.asksYesNo && setup.isSuggesting && session.revisited === null;
  return isAsked && !isDeclined ? session.queue[0]?.suggestion?.label : undefined;
};

/** Begin with what is shown now; earlier words of an answer come back with it. @param {state.Said} [said] */
const fresh = (said) => {
  clock.take();
  isUnsure = said?.is_unsure ?? false;
  isDeclined = false;
  comment = said?.comment ?? "";
  typed = "";
  picture?.fit();
  draw();
};

const refill = async () => {
  const wanted = state.depth(times, Date.now());
  const isLow = session.queue.length <= wanted * LOW && Date.now() >= nextLook;
  const isOld = Date.now() >= renewAt && clock.idle() < AT_WORK;
  if (isFetching || !(isLow || isOld) || document.hidden) return;
  isFetching = true;
  renewAt = Date.now() + 30_000;
  const wasReady = isReady;
  const before = session.queue.length;
  try {
    const held = session.queue.length + state.pending(outbox.ops).size;
    const count = Math.min(50, isLow ? wanted + held : held);
    const lease = first ?? call("queue/lease/", { count });
    first = null;
    const got = await lease;
    session = state.arrive(session, state.foremost(got.items, drawn), outbox.ops);
    reason = got.reason ?? "";
    isOutdated = got.label_set !== setup.labelSet;
    if (outbox.ops.length === 0) trouble = "";
    // Asking again renews a lease.
    renewAt = Date.now() + setup.leaseMinutes * 30_000;
    // Where nothing new comes, look again later and later.
    pause = session.queue.length > before ? SOON : Math.min(30_000, pause * 1.5);
    nextLook = session.queue.length > before ? 0 : Date.now() + pause;
  } catch (error) {
    trouble = troubleOf(error);
  } finally {
    isFetching = false;
    isReady = true;
  }
  if (before === 0 && session.queue.length > 0) fresh();
  else draw();
  if (!wasReady) begin();
};

/** The first items have come, or what keeps them: from here on the station answers. */
const begin = () => {
  byId("item").removeAttribute("aria-busy");
  catchUp(session.queue[0]?.assignment === drawn);
};

/** @param {string} id @param {state.Saved | null} saved @param {import("./sender.js").Problem} [problem] */
const told = (id, saved, problem) => {
  const isMine = state.entry(session, id) !== undefined;
  if (!problem) session = state.told(session, id, saved);
  else if (problem.code === "invalid") {
    session = state.again(session, id);
    isOutdated = true;
  } else session = state.told(session, id, saved, refusal(problem));
  if (problem && isMine) say(refusal(problem));
};

const send = makeSender({
  name,
  outbox,
  call,
  told: (id, saved, problem) => {
    windows.postMessage({ told: [id, saved, problem] });
    told(id, saved, problem);
  },
});

/** Fetch the page anew for the labels of now, once nothing waits; never twice for the same. */
const renew = () => {
  if (outbox.ops.length > 0 || isAsking()) return;
  if (sessionStorage.getItem(name) === String(setup.labelSet)) return;
  sessionStorage.setItem(name, String(setup.labelSet));
  location.reload();
};

const flush = async (least = 1) => {
  const isWaiting = outbox.ops.length > 0;
  try {
    await send(least);
    if (isWaiting) trouble = "";
    wait = SOON;
  } catch (error) {
    trouble = troubleOf(error);
    wait = Math.min(wait * 1.5, 15_000);
  }
  draw();
  if (isOutdated) renew();
};

/** @param {import("./outbox.js").Draft} draft */
const put = (draft) => {
  store(draft).then(() => outbox.isSafe || drawOutbox(trouble));
  drawOutbox(trouble);
  if (draft.kind === "vote" || draft.kind === "skip")
    windows.postMessage({ taken: draft.assignment });
  if (outbox.ops.length >= BATCH && trouble === "") flush(BATCH);
  if (session.queue.length === 0) nextLook = 0;
  refill();
};

const isFull = () => {
  if (outbox.ops.length < LIMIT) return false;
  say(
    t("{count} answers wait to be sent. Labeling goes on when the server answers.", {
      count: LIMIT,
    }),
  );
  return true;
};

const vote = (/** @type {string[]} */ labels) => {
  if (session.revisited !== null) return amend(labels);
  const lease = session.queue[0];
  if (lease === undefined || isFull()) return;
  const given = {
    client_id: uuid(),
    assignment: lease.assignment,
    labels,
    seconds: clock.take(),
    comment,
    is_unsure: isUnsure,
    ...(asked() || isDeclined ? { screen: "binary" } : {}),
  };
  session = state.answer(session, given);
  times = [...times.slice(-99), Date.now()];
  fresh();
  byId("told").textContent = t("Labeled {labels}.", {
    labels: labels.join(", ") || t("none"),
  });
  const { client_id, assignment } = given;
  put({ kind: "vote", assignment, client_id, vote: given });
};

const amend = (/** @type {string[]} */ labels) => {
  const now = { labels, comment, is_unsure: isUnsure };
  const [next, found] = state.change(session, now);
  if (found === null) return;
  session = next;
  fresh();
  const { client_id, assignment } = found.vote;
  put({ kind: "edit", assignment, client_id, vote: found.vote, now });
};

const choose = (/** @type {string} */ label) => {
  if (!setup.isMulti) return vote([label]);
  session = state.toggle(session, label);
  draw();
};

const undo = () => {
  const [next, taken] = state.undo(session);
  if (taken === null) return say(t("There is nothing to undo."));
  session = next;
  fresh(taken.now);
  const { client_id, assignment } = taken.vote;
  put({ kind: "undo", assignment, client_id, vote: taken.vote });
};

/** Look at an earlier answer, or at the next item. @param {state.Session} next */
const look = (next) => {
  session = next;
  fresh(session.revisited ? state.entry(session, session.revisited)?.now : undefined);
};

const skip = () => {
  const lease = session.queue[0];
  if (lease === undefined || session.revisited !== null || isFull()) return;
  ask("skip", "", (words) => {
    if (session.queue[0] !== lease) return;
    session = state.pass(session);
    fresh();
    const { assignment } = lease;
    put({
      kind: "skip",
      assignment,
      client_id: uuid(),
      words: words === "none" ? "" : words,
    });
  });
};

const flag = () => {
  const lease = state.shown(session);
  if (lease === undefined) return;
  ask("flag", "", (words) => {
    put({ kind: "flag", assignment: lease.assignment, client_id: uuid(), words });
    say(t("Flagged. The project's experts see it; you can still label it."));
  });
};

const write = () => {
  if (state.shown(session) === undefined) return;
  ask("comment", comment, (words) => {
    comment = words;
    draw();
  });
};

const lookAgain = () => {
  nextLook = 0;
  return flush().then(refill);
};

const reload = () => {
  forget(state.shown(session)?.item.media_url ?? "");
  byId("item").dataset["shown"] = "";
  draw();
};

/** @type {import("./search.js").Search | undefined} */
let places;
const search = async () => {
  const form = byId("search");
  if (form === null || state.shown(session) === undefined) return;
  form.hidden = false;
  // Ready at once: what is typed meanwhile must not reach the labels.
  form.querySelector("input").select();
  places ??= (await import("./search.js")).makeSearch(form, byId("item"));
  places.open();
};

/** @type {((isOn: boolean) => void) | undefined} */
let influence;
let isMarking = false;
const words = async () => {
  if (document.querySelector("[data-do=words]") === null) return;
  isMarking = !isMarking;
  press("words", isMarking);
  influence ??= (await import("./influence.js")).makeInfluence(byId("item"));
  influence(isMarking);
};

/** @type {Record<string, (event?: KeyboardEvent) => unknown>} */
const actions = {
  skip,
  flag,
  undo,
  reload,
  search,
  words,
  more: () => {
    for (const one of byId("item").querySelectorAll("button.more")) one.click();
  },
  next: (event) => places?.step(event?.shiftKey ? -1 : 1),
  help: showHelp,
  comment: write,
  again: lookAgain,
  login: () => byId("login").showModal(),
  submit: () => setup.isMulti && vote(session.chosen),
  unsure: () => {
    isUnsure = !isUnsure;
    draw();
  },
  guide: toggleGuide,
  yes: () => {
    const label = asked();
    if (label !== undefined) vote([label]);
  },
  no: () => {
    isDeclined = asked() !== undefined;
    draw();
  },
  find: () => byId("find")?.focus(),
  earlier: () => look(state.step(session, -1)),
  later: () => look(state.step(session, 1)),
  closer: () => picture?.scale(1.25),
  farther: () => picture?.scale(0.8),
  fit: () => {
    picture?.fit();
    picture?.plain();
  },
};

/** A key that bounced, or was pressed twice by mistake. @param {string} key @param {number} at */
const bounced = (key, at) => {
  const isBounce = key === last.key && at - last.at < keys.guard;
  last = { key, at };
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
  if (!isReady) return;
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isAsking() || isForOther(event)) return;
  if (event.key === "Escape") {
    typed = "";
    return session.revisited === null ? draw() : look(state.revisit(session, null));
  }
  const arrow = event.shiftKey ? ARROWS[event.key] : undefined;
  if (arrow) return picture?.move(...arrow);
  const found = interpret(map, keys.actions, typed, event);
  if (!keys.isOn && found.action !== "help") return;
  if (event.repeat) {
    if (found.action || found.label || found.typed) event.preventDefault();
    return;
  }
  const wasTyped = typed;
  typed = found.typed;
  if (found.label === undefined && found.action === undefined) {
    if (typed !== wasTyped) draw();
    return;
  }
  event.preventDefault();
  if (bounced(event.code || event.key, event.timeStamp)) return;
  if (found.label !== undefined) choose(found.label);
  else actions[found.action ?? ""]?.(event);
});

document.addEventListener("click", (event) => {
  clock.beat();
  if (!isReady) return;
  const button =
    event.target instanceof Element ? event.target.closest("button") : null;
  const { label, revisit, do: action } = button?.dataset ?? {};
  if (label !== undefined) choose(label);
  else if (revisit !== undefined) look(state.revisit(session, revisit));
  else if (action !== undefined) actions[action]?.();
  else return;
  // A pointer leaves the keys to the item; who came by keyboard stays where they are.
  if (event.detail > 0) button?.blur();
});

windows.addEventListener("message", ({ data }) => {
  isAlone = false;
  if (data.hello) windows.postMessage({ here: true });
  if (data.taken) {
    const before = session.queue[0];
    session = state.without(session, data.taken);
    if (session.queue[0] !== before && session.revisited === null) fresh();
    refill();
  }
  if (data.told) {
    told(.../** @type {Parameters<typeof told>} */ (data.told));
    outbox.reload().then(draw);
  }
});

document.addEventListener("visibilitychange", () => {
  clock.hide(document.hidden);
  if (document.hidden) flush();
  else lookAgain();
});
watchWindow(lookAgain, () =>
  isAlone ? session.queue.map((lease) => lease.assignment) : [],
);

setUpDialogs({
  username: setup.username,
  back: lookAgain,
  changed: () => {
    keys = preferences();
    showKeys(map, keys);
    draw();
  },
});
const field = byId("find");
if (field) import("./finder.js").then(({ setUpFinder }) => setUpFinder(field, choose));
showKeys(map, keys);
markVersion(name);
windows.postMessage({ hello: true });

const tick = async () => {
  await flush();
  await refill();
  setTimeout(tick, wait);
};
await refill();
await tick();
