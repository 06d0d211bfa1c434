/** The grid: a page of items under one label; correct the exceptions, accept the rest. */
import { uuid } from "../annotate/api.js";
import { showKeys } from "../annotate/board.js";
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
} from "../annotate/desk.js";
import { isAsking, setUpLogin } from "../annotate/dialogs.js";
import { interpret, labelAt, preferences } from "../annotate/keys.js";
import { makeSender } from "../annotate/sender.js";
import { pending } from "../annotate/state.js";
import { make, nothing } from "../annotate/view.js";
import { refusal, t } from "../annotate/words.js";
import * as sheet from "./sheet.js";

const COUNT = 24;
const SOON = 2000;
/** Nobody has seen a page that came just now. */
const SEEN = 400;
/** What the grid is to a screen reader while it shows items. */
const LIST = {
  role: "listbox",
  "aria-multiselectable": "true",
  "aria-labelledby": "thought",
};

const keys = preferences();

/** @type {sheet.Sheet | null} */
let page = null;
/** Pages that wait, the next one first. @type {sheet.Sheet[]} */
let coming = [];
/** @type {{page: sheet.Sheet, votes: import("../annotate/state.js").Vote[]}[]} */
let accepted = [];
/** Items left to be decided one by one. @type {Set<number>} */
const left = new Set();
let reason = "";
let trouble = "";
let typed = "";
let shownAt = 0;
let isFetching = false;

/** @param {import("../annotate/state.js").Item} item */
const content = ({ data, media_url }) => {
  if (media_url) {
    const image = new Image();
    image.src = media_url;
    image.alt = "";
    image.draggable = false;
    return image;
  }
  const text =
    setup.dataType === "text"
      ? String(data["text"] ?? "")
      : Object.entries(data)
          .map(([key, value]) => `${key}: ${value}`)
          .join("\n");
  const words = make("p", text.slice(0, 2000));
  words.dir = "auto";
  return words;
};

/** @param {sheet.Cell} cell @param {number} n */
const newCell = (cell, n) => {
  const node = make("div", undefined, "cell");
  node.setAttribute("role", "option");
  node.dataset["at"] = String(n);
  const foot = make("small");
  foot.append(make("span"), make("span", String(n + 1), "muted"));
  node.append(content(cell.lease.item), foot);
  return node;
};

/** @param {sheet.Sheet} s @param {sheet.Cell} cell */
const saidOf = (s, cell) => {
  if (cell.label === null) return t("not {label}", { label: s.label });
  return cell.label === s.label ? cell.label : `${s.label} → ${cell.label}`;
};

/** @param {sheet.Sheet} s */
const drawCells = (s) => {
  [...byId("grid").children].forEach((node, n) => {
    const cell = s.cells[n];
    if (!cell) return;
    const words = saidOf(s, cell);
    const place = node.querySelector("small span");
    if (place.textContent !== words) place.textContent = words;
    node.className = `cell ${hues.get(cell.label ?? "") ?? ""}`;
    node.classList.toggle("off", cell.label === null);
    node.classList.toggle("other", cell.label !== null && cell.label !== s.label);
    node.setAttribute("aria-selected", String(cell.label === s.label));
    node.setAttribute("aria-label", `${n + 1}: ${words}`);
    node.tabIndex = n === s.at ? 0 : -1;
    node.classList.toggle("at", n === s.at);
  });
};

const draw = () => {
  drawOutbox(trouble);
  byId("foot").hidden = page === null;
  byId("thought").hidden = page === null;
  if (page === null) return;
  drawCells(page);
  const { kept, corrected, left: later } = sheet.sum(page);
  byId("sum").textContent = t("{kept} as {label}", { kept, label: page.label });
  byId("changes").textContent = [
    corrected ? t("{corrected} corrected", { corrected }) : "",
    later ? t("{later} left for one by one", { later }) : "",
  ]
    .filter(Boolean)
    .join(" · ");
  const label = page.label;
  byId("thought").textContent = t("all thought to be {label}", { label });
};

/** Show a page from its first cell; without one say why. */
const show = () => {
  const grid = byId("grid");
  clock.take();
  shownAt = performance.now();
  typed = "";
  grid.classList.toggle("empty", page === null);
  if (page === null) {
    for (const name of Object.keys(LIST)) grid.removeAttribute(name);
    grid.replaceChildren(...nothing(trouble || reason));
  } else {
    for (const [name, value] of Object.entries(LIST)) grid.setAttribute(name, value);
    grid.replaceChildren(...page.cells.map(newCell));
    grid.scrollTop = 0;
  }
  draw();
  if (page !== null) focusCell();
};

const focusCell = () => byId("grid").querySelector('[tabindex="0"]')?.focus();

const taken = () => [
  ...left,
  ...[page, ...coming].flatMap((s) => s?.cells ?? []).map((c) => c.lease.assignment),
  ...pending(outbox.ops),
];

/** Keep one page ahead. */
const refill = async () => {
  if (isFetching || coming.length > 0 || document.hidden) return;
  isFetching = true;
  try {
    const got = await call("queue/grid/", { count: COUNT, left: taken().slice(-500) });
    const known = new Set(taken());
    const fresh = got.items.filter(
      (/** @type {sheet.Lease} */ one) => !known.has(one.assignment),
    );
    if (fresh.length > 0) coming.push(sheet.lay(got.label, fresh));
    reason = got.reason ?? "";
    if (outbox.ops.length === 0) trouble = "";
  } catch (error) {
    trouble = troubleOf(error);
  } finally {
    isFetching = false;
  }
  if (page === null) next();
  else drawOutbox(trouble);
};

const next = () => {
  page = coming.shift() ?? null;
  show();
};

const send = makeSender({
  name,
  outbox,
  call,
  told: (id, saved, problem) => {
    windows.postMessage({ told: [id, saved, problem] });
    if (problem) say(refusal(problem));
  },
});

const flush = async () => {
  try {
    const isWaiting = outbox.ops.length > 0;
    await send();
    if (isWaiting) trouble = "";
  } catch (error) {
    trouble = troubleOf(error);
  }
  drawOutbox(trouble);
};

const accept = () => {
  if (page === null || performance.now() - shownAt < SEEN) return;
  const answered = page.cells.filter((cell) => cell.label !== null);
  const seconds = Math.round((1000 * clock.take()) / page.cells.length) / 1000;
  const votes = answered.map(({ lease, label }) => ({
    client_id: uuid(),
    assignment: lease.assignment,
    labels: [label ?? ""],
    seconds,
    comment: "",
    is_unsure: false,
    screen: "grid",
  }));
  for (const { lease, label } of page.cells)
    if (label === null) left.add(lease.assignment);
  for (const vote of votes) {
    const { client_id, assignment } = vote;
    store({ kind: "vote", assignment, client_id, vote });
    windows.postMessage({ taken: assignment });
  }
  accepted = [...accepted.slice(-9), { page, votes }];
  byId("told").textContent = t("{count} labeled.", { count: votes.length });
  next();
  flush().then(refill);
};

/** Take back the last change on this page, else the last page. */
const undo = () => {
  const before = page && sheet.undo(page);
  if (before) {
    page = before;
    return draw();
  }
  const last = accepted.pop();
  if (last === undefined) return say(t("There is nothing to undo."));
  for (const vote of last.votes)
    store({
      kind: "undo",
      assignment: vote.assignment,
      client_id: vote.client_id,
      vote,
    });
  for (const { lease } of last.page.cells) left.delete(lease.assignment);
  if (page !== null) coming = [page, ...coming];
  page = last.page;
  show();
  flush();
};

/** @param {(s: sheet.Sheet) => sheet.Sheet} change */
const apply = (change) => {
  if (page === null) return;
  page = change(page);
  draw();
};

const choose = (/** @type {string} */ label) =>
  apply((s) => sheet.goTo(sheet.give(s, label), s.at + 1));

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
  leave: () => apply((s) => sheet.goTo(sheet.leave(s), s.at)),
  again: () => flush().then(refill),
  login: () => byId("login").showModal(),
};

/** @param {KeyboardEvent} event */
const actionOf = (event) => {
  if (event.key === "Enter") return "accept";
  if (event.key === "x" && labelAt(map, "x") === undefined) return "leave";
  return undefined;
};

document.addEventListener("keydown", (event) => {
  clock.beat();
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const on = event.target instanceof HTMLElement ? event.target : document.body;
  if (isAsking() || on.matches("input, textarea, select")) return;
  if (on.matches("button, a") && [" ", "Enter"].includes(event.key)) return;
  const step = STEPS[event.key];
  if (step && page !== null) {
    event.preventDefault();
    apply((s) => sheet.goTo(s, s.at + step()));
    return focusCell();
  }
  if (!keys.isOn || event.repeat) return;
  const found = interpret(map, { undo: keys.actions["undo"] ?? "" }, typed, event);
  typed = found.typed;
  const action = actionOf(event) ?? (found.action === "undo" ? "undo" : undefined);
  if (found.label === undefined && action === undefined) return;
  event.preventDefault();
  if (found.label !== undefined) choose(found.label);
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
    apply((s) =>
      s.at === at || event.shiftKey ? sheet.leave({ ...s, at }) : sheet.goTo(s, at),
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
  coming = coming.map((s) => sheet.without(s, data.taken));
  if (page?.cells.some(({ lease }) => lease.assignment === data.taken)) {
    page = sheet.without(page, data.taken);
    show();
  }
});

document.addEventListener("visibilitychange", () => {
  clock.hide(document.hidden);
  flush();
});
watchWindow(
  () => actions["again"]?.(),
  () => [page, ...coming].flatMap((s) => s?.cells ?? []).map((c) => c.lease.assignment),
);

setUpLogin(setup.username, () => actions["again"]?.());
showKeys(map, keys);
const tick = async () => {
  await flush();
  await refill();
  setTimeout(tick, page === null ? 3 * SOON : SOON);
};
await refill();
await tick();
