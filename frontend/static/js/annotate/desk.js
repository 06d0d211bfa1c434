/** What the pages on which one labels share: the outbox, the server, other windows. */
import { makeClock } from "./clock.js";
import { isAsking } from "./dialogs.js";
import { keymap } from "./keys.js";
import { call, name, opening, setup } from "./opening.js";
import { drawSaved, toast } from "./view.js";
import { t } from "./words.js";

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);
export { call, name, setup };
export const map = keymap(setup.labels);
/** The class of each label's color. */
export const hues = new Map(
  setup.labels.map((/** @type {{name: string}} */ l, /** @type {number} */ n) => [
    l.name,
    `c${(n + 1) % 10}`,
  ]),
);
export const outbox = await opening;
export const windows = new BroadcastChannel(name);
export const clock = makeClock(() => performance.now());
export const say = (/** @type {string} */ words) => toast(byId("toast"), words);

/** @param {string} trouble */
export const drawOutbox = (trouble) =>
  drawSaved(byId("saved"), outbox.ops.length, trouble, outbox.isSafe);

/** Return in a word what keeps the server from us; ask for a lost session in place. @param {unknown} error */
export const troubleOf = (error) => {
  const { status } = /** @type {{status?: number}} */ (error);
  if (status === undefined) return "offline";
  if (status !== 401) return status === 403 || status === 404 ? "refused" : "failing";
  if (!isAsking()) byId("login").showModal();
  return "login";
};

/** Put something into the outbox; it is safe from here on. @param {import("./outbox.js").Draft} draft */
export const store = (draft) =>
  outbox.add(draft).catch(() => {
    say(
      t(
        "This browser cannot store your answers. Keep this window open until they are saved.",
      ),
    );
  });

/** Watch how the window comes and goes. @param {() => unknown} back @param {() => number[]} unused */
export const watchWindow = (back, unused) => {
  for (const kind of ["pointermove", "wheel"])
    document.addEventListener(kind, clock.beat, { passive: true });
  window.addEventListener("beforeunload", (event) => {
    if (!outbox.isSafe) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    const assignments = unused();
    if (assignments.length === 0) return;
    // Nobody is left to tell; what is not given back now expires by itself.
    call("queue/release/", { assignments }).catch(() => undefined);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  window.addEventListener("online", back);
};
