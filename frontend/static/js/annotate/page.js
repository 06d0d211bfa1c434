/** The label station: keys in, votes out, the next item at once. */
import { call, keep, kept } from "./api.js";
import { acknowledge, answer, arrive, keymap, pass, start, toggle, undo } from "./state.js";
import { drawItem, drawSaved, drawTrail, preload } from "./view.js";

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const setup = JSON.parse(byId("setup").textContent ?? "{}");
const keys = keymap(setup.labels);
const AHEAD = 20;
const LIMIT = 200;

let session = start();
session = { ...session, outbox: kept(setup.slug) };
let reason = "";
let shownAt = performance.now();
let isUnsure = false;
let comment = "";
let zoom = 1;
let failing = false;
let fetching = false;
let sending = false;

const draw = () => {
  const lease = session.queue[0];
  drawItem(byId("item"), lease, setup.dataType, reason);
  drawTrail(byId("trail"), session.done);
  drawSaved(byId("saved"), session.outbox.length, failing);
  byId("ready").textContent = `${session.queue.length} ready`;
  for (const button of document.querySelectorAll("[data-label]")) {
    const chosen = session.chosen.includes(button.getAttribute("data-label") ?? "");
    button.classList.toggle("chosen", chosen);
    if (setup.isMulti) button.setAttribute("aria-pressed", String(chosen));
  }
  document.querySelector("[data-do=unsure]")?.setAttribute("aria-pressed", String(isUnsure));
  preload(session.queue);
};

const fresh = () => {
  shownAt = performance.now();
  isUnsure = false;
  comment = "";
  zoom = 1;
  draw();
};

const refill = async () => {
  if (fetching || session.queue.length > AHEAD / 2) return;
  fetching = true;
  try {
    const lent = session.queue.length + session.outbox.length;
    const got = await call(setup.slug, "queue/lease/", { count: Math.min(50, AHEAD + lent) });
    const wasEmpty = session.queue.length === 0;
    session = arrive(session, got.items);
    reason = got.reason ?? "";
    if (wasEmpty) fresh();
  } catch {
    reason = "offline";
    if (session.queue.length === 0) draw();
  } finally {
    fetching = false;
  }
};

const flush = async () => {
  if (sending || session.outbox.length === 0) return;
  sending = true;
  const batch = session.outbox.slice(0, 50);
  try {
    const { results } = await call(setup.slug, "annotations/", batch);
    session = acknowledge(session, results);
    keep(setup.slug, session.outbox);
    failing = false;
  } catch {
    failing = true;
  } finally {
    sending = false;
  }
  drawSaved(byId("saved"), session.outbox.length, failing);
  await refill();
};

const vote = (/** @type {string[]} */ labels) => {
  const lease = session.queue[0];
  if (lease === undefined || session.outbox.length >= LIMIT) return;
  session = answer(session, {
    client_id: crypto.randomUUID(),
    assignment: lease.assignment,
    labels,
    seconds: Math.round(Math.min(performance.now() - shownAt, 600_000)) / 1000,
    comment,
    is_unsure: isUnsure,
  });
  keep(setup.slug, session.outbox);
  fresh();
  if (session.outbox.length >= 5) flush();
  else refill();
};

const choose = (/** @type {string} */ label) => {
  if (!setup.isMulti) return vote([label]);
  session = toggle(session, label);
  draw();
};

const back = async () => {
  const [next, last] = undo(session);
  if (last === null) return;
  session = next;
  keep(setup.slug, session.outbox);
  fresh();
  if (last.saved) {
    const { id, version } = last.saved;
    await call(setup.slug, `annotations/${id}/`, undefined, { method: "DELETE", version });
  }
};

const skip = async () => {
  const lease = session.queue[0];
  if (lease === undefined) return;
  session = pass(session);
  fresh();
  await call(setup.slug, `assignments/${lease.assignment}/skip/`, {});
  refill();
};

const flag = async () => {
  const lease = session.queue[0];
  if (lease) await call(setup.slug, `assignments/${lease.assignment}/flag/`, { comment });
};

const write = () => {
  const dialog = /** @type {HTMLDialogElement} */ (byId("comment"));
  const field = /** @type {HTMLTextAreaElement} */ (dialog.querySelector("textarea"));
  field.value = comment;
  dialog.addEventListener("close", () => { comment = field.value; }, { once: true });
  dialog.showModal();
};

/** @type {Record<string, () => void>} */
const actions = {
  skip,
  flag,
  comment: write,
  undo: back,
  submit: () => vote(session.chosen),
  unsure: () => { isUnsure = !isUnsure; draw(); },
  guide: () => byId("guide").toggleAttribute("hidden"),
  find: () => document.getElementById("find")?.focus(),
};
/** @type {Record<string, string>} */
const doing = { " ": "skip", u: "unsure", f: "flag", c: "comment", z: "undo", Backspace: "undo", g: "guide", "/": "find" };
if (setup.isMulti) doing["Enter"] = "submit";

const resize = (/** @type {number} */ factor) => {
  zoom = factor === 0 ? 1 : Math.min(8, Math.max(0.5, zoom * factor));
  byId("item").style.setProperty("--zoom", String(zoom));
};

document.addEventListener("keydown", (event) => {
  const target = event.target;
  const typing = target instanceof HTMLElement && target.matches("input, textarea, select, dialog *");
  if (typing || event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const digit = /^Digit\d$/.test(event.code) ? event.code.slice(5) : event.key;
  const label = keys.get(event.key) ?? keys.get(digit);
  const action = doing[event.key];
  if (label !== undefined) choose(label);
  else if (event.key === "+" || event.key === "-") resize(event.key === "+" ? 1.25 : 0.8);
  else if (action !== undefined) actions[action]?.();
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button?.dataset["label"] !== undefined) choose(button.dataset["label"]);
  else if (button?.dataset["do"] !== undefined) actions[button.dataset["do"]]?.();
});

for (const button of document.querySelectorAll("[data-label]")) {
  const name = button.getAttribute("data-label");
  const key = [...keys].find(([, label]) => label === name)?.[0];
  const shown = button.querySelector("kbd");
  if (shown) shown.textContent = key ?? "";
}
document.getElementById("find")?.addEventListener("input", (event) => {
  const wanted = /** @type {HTMLInputElement} */ (event.target).value.toLowerCase();
  for (const button of document.querySelectorAll("[data-label]")) {
    button.toggleAttribute("hidden", !button.textContent?.toLowerCase().includes(wanted));
  }
});
document.addEventListener("visibilitychange", () => { if (document.hidden) flush(); });
setInterval(flush, 2000);
setInterval(refill, 5000);
flush().then(refill);
