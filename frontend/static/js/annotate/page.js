/** The label station: keys in, votes out, the next item at once. */
import { call as callProject, logIn, uuid } from "./api.js";
import { makeClock } from "./clock.js";
import { ACTIONS, keymap, keyOf, prefer, preferences, read } from "./keys.js";
import { openOutbox } from "./outbox.js";
import { makePicture } from "./picture.js";
import { makeSender } from "./sender.js";
import * as state from "./state.js";
import { drawItem, drawSaved, drawTrail, preload, toast } from "./view.js";

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);
const setup = JSON.parse(byId("setup").textContent);
const map = keymap(setup.labels);
const hues = new Map(
  setup.labels.map((/** @type {{name: string}} */ l, /** @type {number} */ n) => [
    l.name,
    `c${(n + 1) % 10}`,
  ]),
);
const name = `assay-${setup.user}-${setup.slug}`;
const AHEAD = 20;
const LIMIT = 500;
const BOUNCE = 35;

const outbox = await openOutbox(name);
const windows = new BroadcastChannel(name);
const clock = makeClock(() => performance.now());
const picture = makePicture(byId("item"));
const say = (/** @type {string} */ words) => toast(byId("toast"), words);
const call = (
  /** @type {[string, unknown?, {method?: string, version?: number}?]} */ ...args
) => callProject(setup.slug, ...args);

let session = state.start();
let keys = preferences();
let reason = "";
let trouble = "";
let typed = "";
let isUnsure = false;
let comment = "";
let isFetching = false;
let isAlone = true;
let wait = 2000;
let last = { key: "", at: 0 };

const draw = () => {
  drawItem(byId("item"), state.shown(session), setup.dataType, trouble || reason);
  drawTrail(byId("trail"), session, hues);
  drawSaved(byId("saved"), outbox.ops.length, trouble);
  byId("ready").textContent = session.revisited
    ? "Esc: back to the next item"
    : `${session.queue.length} ready`;
  for (const button of document.querySelectorAll("[data-label]")) {
    const label = button.getAttribute("data-label") ?? "";
    const isChosen = session.chosen.includes(label);
    const code = button.querySelector("kbd")?.textContent ?? "";
    button.classList.toggle("chosen", isChosen);
    button.classList.toggle("begun", typed !== "" && code.startsWith(typed));
    button.setAttribute("aria-pressed", String(isChosen));
  }
  document
    .querySelector("[data-do=unsure]")
    ?.setAttribute("aria-pressed", String(isUnsure));
  preload(session.queue);
};

const fresh = () => {
  clock.take();
  isUnsure = false;
  comment = "";
  picture.fit();
  draw();
};

/** Say in words what keeps the server from us. @param {unknown} error */
const troubled = (error) => {
  const { status } = /** @type {{status?: number}} */ (error);
  if (status === 401) {
    trouble = "login";
    if (!byId("login").open) byId("login").showModal();
  } else trouble = status === 403 || status === 404 ? "refused" : "offline";
};

const refill = async () => {
  if (isFetching || session.queue.length > AHEAD / 2) return;
  isFetching = true;
  try {
    const held = session.queue.length + state.pending(outbox.ops).size;
    const got = await call("queue/lease/", { count: Math.min(50, AHEAD + held) });
    const wasEmpty = session.queue.length === 0;
    session = state.arrive(session, got.items, outbox.ops);
    reason = got.reason ?? "";
    if (outbox.ops.length === 0) trouble = "";
    if (wasEmpty && session.queue.length > 0) fresh();
  } catch (error) {
    troubled(error);
  } finally {
    isFetching = false;
  }
  draw();
};

const send = makeSender({
  name,
  outbox,
  call,
  told: (id, saved, note) => {
    windows.postMessage({ told: [id, saved, note] });
    session = state.told(session, id, saved, note);
    if (note) say(note);
  },
});

const flush = async () => {
  try {
    await send();
    trouble = "";
    wait = 2000;
  } catch (error) {
    troubled(error);
    wait = Math.min(wait * 1.5, 15_000);
  }
  drawSaved(byId("saved"), outbox.ops.length, trouble);
};

/** Put something into the outbox; it is safe from here on. @param {import("./outbox.js").Draft} draft */
const put = (draft) => {
  outbox
    .add(draft)
    .catch((error) => say(`This browser cannot store your answer: ${error.message}`));
  if (draft.kind === "vote" || draft.kind === "skip")
    windows.postMessage({ taken: draft.assignment });
};

const isFull = () => {
  if (outbox.ops.length < LIMIT) return false;
  say(`${LIMIT} answers wait to be sent. Labelling goes on when the server answers.`);
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
  };
  session = state.answer(session, given);
  put({
    kind: "vote",
    assignment: lease.assignment,
    client_id: given.client_id,
    vote: given,
  });
  fresh();
  byId("told").textContent = `Labelled ${labels.join(", ") || "none"}.`;
  if (outbox.ops.length >= 5 && trouble === "") flush();
  refill();
};

const amend = (/** @type {string[]} */ labels) => {
  const [next, found] = state.change(session, labels);
  if (found === null) return;
  session = next;
  const { client_id, assignment } = found.vote;
  put({ kind: "edit", assignment, client_id, saved: found.saved, labels });
  fresh();
};

const choose = (/** @type {string} */ label) => {
  if (!setup.isMulti) return vote([label]);
  session = state.toggle(session, label);
  draw();
};

const undo = () => {
  const [next, taken] = state.undo(session);
  if (taken === null) return say("There is nothing to undo.");
  session = next;
  const { client_id, assignment } = taken.vote;
  put({ kind: "undo", assignment, client_id, saved: taken.saved, labels: [] });
  fresh();
};

const revisit = (/** @type {string | null} */ id) => {
  session = state.revisit(session, id);
  fresh();
};

/** Ask in a dialog; answer with what was chosen, or null. @param {string} id @returns {Promise<string | null>} */
const ask = (id) =>
  new Promise((resolve) => {
    const dialog = byId(id);
    const field = dialog.querySelector("textarea");
    if (field) field.value = id === "comment" ? comment : "";
    dialog.returnValue = "";
    dialog.addEventListener(
      "close",
      () =>
        resolve(
          dialog.returnValue === "" ? null : (field?.value ?? dialog.returnValue),
        ),
      { once: true },
    );
    dialog.showModal();
  });

const skip = async () => {
  const lease = session.queue[0];
  if (lease === undefined || session.revisited !== null || isFull()) return;
  const words = await ask("skip");
  if (words === null) return;
  session = state.pass(session);
  put({
    kind: "skip",
    assignment: lease.assignment,
    client_id: uuid(),
    words: words === "none" ? "" : words,
  });
  fresh();
  refill();
};

const flag = async () => {
  const lease = state.shown(session);
  const words = lease && (await ask("flag"));
  if (lease === undefined || words === null || words === undefined) return;
  put({ kind: "flag", assignment: lease.assignment, client_id: uuid(), words });
  say("Flagged. A manager sees it.");
};

const write = async () => {
  comment = (await ask("comment")) ?? comment;
};

const help = () => {
  const fields = document.querySelectorAll("#help input[data-key]");
  for (const field of fields) {
    /** @type {HTMLInputElement} */ (field).value =
      keys.actions[field.getAttribute("data-key") ?? ""] ?? "";
  }
  byId("keys-on").checked = keys.isOn;
  byId("help").showModal();
};

/** @type {Record<string, () => void>} */
const actions = {
  skip,
  flag,
  undo,
  help,
  comment: write,
  submit: () => vote(session.chosen),
  unsure: () => {
    isUnsure = !isUnsure;
    draw();
  },
  guide: () => byId("guide").toggleAttribute("hidden"),
  find: () => byId("find")?.focus(),
};

/** What a key that is no label does. @param {string} key */
const actionOf = (key) => {
  if (key === "Backspace") return "undo";
  if (key === "Enter" && setup.isMulti) return "submit";
  return Object.keys(ACTIONS).find((action) => keys.actions[action] === key);
};

/** A key that bounced: the same one again sooner than a finger can. @param {string} key @param {number} at */
const bounced = (key, at) => {
  const isBounce = key === last.key && at - last.at < BOUNCE;
  last = { key, at };
  return isBounce;
};

document.addEventListener("keydown", (event) => {
  clock.beat();
  const isTyping =
    event.target instanceof HTMLElement &&
    event.target.matches("input, textarea, select, dialog[open] *");
  if (
    isTyping ||
    event.repeat ||
    event.isComposing ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey
  )
    return;
  const isButton =
    event.target instanceof HTMLElement && event.target.matches("button, a, summary");
  if (isButton && (event.key === "Enter" || event.key === " ")) return;
  if (event.key === "Escape") {
    typed = "";
    return session.revisited === null ? draw() : revisit(null);
  }
  const key = keyOf(event);
  if (!keys.isOn && key !== keys.actions["help"]) return;
  const found = read(map, typed, key);
  const action = typed === "" && found.typed === "" ? actionOf(event.key) : undefined;
  if (
    found.label === undefined &&
    found.typed === "" &&
    typed === "" &&
    action === undefined
  ) {
    if (event.key === "+" || event.key === "-")
      picture.scale(event.key === "+" ? 1.25 : 0.8);
    else if (event.key === "0") picture.fit();
    return;
  }
  event.preventDefault();
  if (bounced(event.code, event.timeStamp)) return;
  typed = found.typed;
  if (found.label !== undefined) choose(found.label);
  else if (action !== undefined) actions[action]?.();
  else draw();
});

document.addEventListener("click", (event) => {
  clock.beat();
  const button =
    event.target instanceof Element ? event.target.closest("button") : null;
  if (button?.dataset["label"] !== undefined) choose(button.dataset["label"]);
  else if (button?.dataset["revisit"] !== undefined) revisit(button.dataset["revisit"]);
  else if (button?.dataset["do"] !== undefined) actions[button.dataset["do"]]?.();
  else return;
  button.blur();
});

byId("skip").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  const button = byId("skip").querySelector(
    `button[data-key="${CSS.escape(keyOf(event))}"]`,
  );
  if (button === null) return;
  event.preventDefault();
  event.stopPropagation();
  button.click();
});

byId("login").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const password = /** @type {HTMLInputElement} */ (
    form.querySelector("[type=password]")
  );
  const isIn = await logIn(setup.username, password.value).catch(() => false);
  byId("login-error").textContent = isIn ? "" : "That did not work. Try again.";
  if (!isIn) return;
  password.value = "";
  byId("login").close();
  await flush();
  await refill();
});
byId("login").addEventListener("cancel", (/** @type {Event} */ event) =>
  event.preventDefault(),
);

byId("help").addEventListener("submit", () => {
  const chosen = { ...ACTIONS };
  for (const field of document.querySelectorAll("#help input[data-key]")) {
    const { value } = /** @type {HTMLInputElement} */ (field);
    if (value !== "") chosen[field.getAttribute("data-key") ?? ""] = value;
  }
  keys = { isOn: byId("keys-on").checked, actions: chosen };
  prefer(keys);
  showKeys();
});

const showKeys = () => {
  for (const button of document.querySelectorAll("[data-label], [data-do]")) {
    const shown = button.querySelector("kbd");
    const label = button.getAttribute("data-label");
    const action = button.getAttribute("data-do") ?? "";
    const code =
      label === null
        ? keys.actions[action]
        : [...map].find(([, known]) => known === label)?.[0];
    if (shown && code !== undefined) shown.textContent = code === " " ? "space" : code;
  }
};

byId("find")?.addEventListener("input", () => {
  const wanted = byId("find").value.toLowerCase();
  for (const button of document.querySelectorAll("[data-label]")) {
    button.toggleAttribute(
      "hidden",
      !button.textContent?.toLowerCase().includes(wanted),
    );
  }
});
byId("find")?.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  if (event.key !== "Enter" && event.key !== "Escape") return;
  const first = document.querySelector("[data-label]:not([hidden])");
  const isChoice = event.key === "Enter" && byId("find").value !== "" && first !== null;
  byId("find").value = "";
  byId("find").dispatchEvent(new Event("input"));
  byId("find").blur();
  if (isChoice) choose(first.getAttribute("data-label") ?? "");
});

windows.addEventListener("message", ({ data }) => {
  isAlone = false;
  if (data.hello) windows.postMessage({ here: true });
  if (data.taken) {
    const before = session.queue[0];
    session = state.without(session, data.taken);
    if (session.queue[0] !== before) fresh();
    refill();
  }
  if (data.told) {
    const [id, saved, note] = data.told;
    session = state.told(session, id, saved, note);
    outbox.reload().then(draw);
  }
});

document.addEventListener("visibilitychange", () => {
  clock.hide(document.hidden);
  if (document.hidden) flush();
});
for (const kind of ["pointermove", "wheel"])
  document.addEventListener(kind, clock.beat, { passive: true });
window.addEventListener("pagehide", () => {
  const unused = session.queue.map((lease) => lease.assignment);
  if (!isAlone || unused.length === 0) return;
  // Nobody is left to tell; what is not given back now expires by itself.
  call("queue/release/", { assignments: unused }).catch(() => undefined);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
window.addEventListener("online", () => flush().then(refill));

const tick = async () => {
  await flush();
  await refill();
  setTimeout(tick, wait);
};
showKeys();
windows.postMessage({ hello: true });
await refill();
await tick();
