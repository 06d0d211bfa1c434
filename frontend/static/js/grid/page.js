/** The grid: a page of items under one label; correct the exceptions, accept the rest. */
import { uuid } from "../annotate/api.js";
import { showKeys } from "../annotate/board.js";
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
  setup,
  store,
  watchWindow,
  windows,
} from "../annotate/desk.js";
import { isAsking, setUpLogin } from "../annotate/dialogs.js";
import { SOON } from "../annotate/feed.js";
import { interpret, labelAt, preferences } from "../annotate/keys.js";
import { pending } from "../annotate/state.js";
import { refusal, t } from "../annotate/words.js";
import { apply, current, draw, focusCell, next, show } from "./screen.js";
import * as sheet from "./sheet.js";

const PAGE_SIZE = 24;
/** Nobody has seen a page that came just now, in milliseconds. */
const SEEN_AFTER = 400;

const keys = preferences();
/** Items left to be decided one by one. @type {Set<number>} */
const leftForLater = new Set();

/** The items on the pages that are here. */
const assignmentsHere = () =>
  [current.page, ...current.coming]
    .flatMap((page) => page?.cells ?? [])
    .map(({ lease }) => lease.assignment);

const taken = () => [...leftForLater, ...assignmentsHere(), ...pending(outbox.ops)];

/** Keep one page ahead. */
const refill = async () => {
  const ask = () =>
    call("queue/grid/", { count: PAGE_SIZE, left: taken().slice(-500) });
  const take = (/** @type {any} */ got) => {
    const known = new Set(taken());
    const fresh = got.items.filter(
      (/** @type {sheet.Lease} */ lease) => !known.has(lease.assignment),
    );
    if (fresh.length > 0) current.coming.push(sheet.lay(got.labels, fresh));
    // Without a page the grid looks again at each turn of the loop.
    return true;
  };
  const isLow = current.coming.length === 0;
  if (!(await fetchWork({ isLow, isAtWork: false }, ask, take))) return;
  if (current.page === null) next();
  else drawOutbox();
};

const { flush, tick } = makeLoop({
  onReply: (_id, _saved, problem) => problem && say(refusal(problem)),
  sent: drawOutbox,
  refill,
  rest: () => (current.page === null ? 3 * SOON : SOON),
});

const accept = () => {
  const { page } = current;
  if (page === null || performance.now() - current.shownAt < SEEN_AFTER) return;
  const answered = page.cells.filter((cell) => cell.labels !== null);
  const seconds = Math.round((1000 * clock.take()) / page.cells.length) / 1000;
  const votes = answered.map(({ lease, labels }) => ({
    client_id: uuid(),
    assignment: lease.assignment,
    labels: labels ?? [],
    seconds,
    comment: "",
    is_unsure: false,
    screen: "grid",
  }));
  for (const { lease, labels } of page.cells)
    if (labels === null) leftForLater.add(lease.assignment);
  for (const vote of votes) {
    const { client_id, assignment } = vote;
    store({ kind: "vote", assignment, client_id, vote });
    windows.postMessage({ taken: assignment });
  }
  current.accepted = [...current.accepted.slice(-9), { page, votes }];
  byId("announcement").textContent = t("{count} labeled.", { count: votes.length });
  next();
  flush().then(refill);
};

/** Take back the last change on this page, else the last page. */
const undo = () => {
  const before = current.page && sheet.undo(current.page);
  if (before) {
    current.page = before;
    return draw();
  }
  const last = current.accepted.pop();
  if (last === undefined) return say(t("There is nothing to undo."));
  for (const vote of last.votes)
    store({
      kind: "undo",
      assignment: vote.assignment,
      client_id: vote.client_id,
      vote,
    });
  for (const { lease } of last.page.cells) leftForLater.delete(lease.assignment);
  if (current.page !== null) current.coming = [current.page, ...current.coming];
  show(last.page);
  flush();
};

/** Of several labels one is added or taken away, and the next may follow. @param {string} label */
const choose = (label) =>
  apply((page) =>
    setup.isMulti
      ? sheet.toggle(page, label)
      : sheet.goTo(sheet.give(page, [label]), page.at + 1),
  );

const columns = () =>
  getComputedStyle(byId("grid")).gridTemplateColumns.split(" ").length;

/** @type {Record<string, () => number>} */
const STEPS = {
  ArrowRight: () => 1,
  ArrowLeft: () => -1,
  ArrowDown: columns,
  ArrowUp: () => -columns(),
  Home: () => Number.NEGATIVE_INFINITY,
  End: () => Number.POSITIVE_INFINITY,
};

/** @type {Record<string, () => unknown>} */
const actions = {
  accept,
  undo,
  leave: () => apply((page) => sheet.goTo(sheet.leave(page), page.at)),
  again: () => flush().then(refill),
  login: () => byId("login").showModal(),
};

/** @param {KeyboardEvent} event */
const actionOf = (event) => {
  if (event.key === "Enter") return "accept";
  if (event.key === "x" && labelAt(keyMap, "x") === undefined) return "leave";
  return undefined;
};

document.addEventListener("keydown", (event) => {
  clock.beat();
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const on = event.target instanceof HTMLElement ? event.target : document.body;
  if (isAsking() || on.matches("input, textarea, select")) return;
  if (on.matches("button, a") && [" ", "Enter"].includes(event.key)) return;
  const step = STEPS[event.key];
  if (step && current.page !== null) {
    event.preventDefault();
    apply((page) => sheet.goTo(page, page.at + step()));
    return focusCell();
  }
  if (!keys.isOn || event.repeat) return;
  const own = { undo: keys.actions["undo"] ?? "" };
  const meant = interpret(keyMap, own, current.typed, event);
  current.typed = meant.typed;
  const action = actionOf(event) ?? (meant.action === "undo" ? "undo" : undefined);
  if (meant.label === undefined && action === undefined) return;
  event.preventDefault();
  if (meant.label !== undefined) choose(meant.label);
  else actions[action ?? ""]?.();
  focusCell();
});

document.addEventListener("click", (event) => {
  clock.beat();
  const target = event.target instanceof Element ? event.target : null;
  const cell = /** @type {HTMLElement | undefined} */ (target?.closest(".cell"));
  if (cell) {
    // A second click on the same item, or one with shift, says that it is another.
    const at = Number(cell.dataset["at"]);
    apply((page) =>
      page.at === at || event.shiftKey
        ? sheet.leave({ ...page, at })
        : sheet.goTo(page, at),
    );
    return focusCell();
  }
  const button = target?.closest("button");
  const { label, do: action } = button?.dataset ?? {};
  if (label !== undefined) choose(label);
  else if (action !== undefined) actions[action]?.();
});

windows.addEventListener("message", ({ data }) => {
  if (data.hello) windows.postMessage({ here: true });
  if (!data.taken) return;
  current.coming = current.coming.map((page) => sheet.without(page, data.taken));
  if (current.page?.cells.some(({ lease }) => lease.assignment === data.taken))
    show(sheet.without(current.page, data.taken));
});

document.addEventListener("visibilitychange", () => {
  clock.hide(document.hidden);
  flush();
});
watchWindow(() => actions["again"]?.(), assignmentsHere);

setUpLogin(setup.username, () => actions["again"]?.());
showKeys(keyMap, keys);
await refill();
await tick();
