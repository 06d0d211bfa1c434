/** What the pages on which one labels share: the outbox, the server, other windows. */
import { makeClock } from "./clock.js";
import { isAsking } from "./dialogs.js";
import * as feed from "./feed.js";
import { keymap } from "./keys.js";
import { call, outboxOpening, setup, storeName } from "./opening.js";
import { makeSender } from "./sender.js";
import { drawSaved, toast } from "./view.js";
import { t } from "./words.js";

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);
export { call, setup, storeName };
export const keyMap = keymap(setup.labels);
/** The class of each label's color. */
export const hues = new Map(
  setup.labels.map((/** @type {{name: string}} */ l, /** @type {number} */ n) => [
    l.name,
    `c${(n + 1) % 10}`,
  ]),
);
export const outbox = await outboxOpening;
export const windows = new BroadcastChannel(storeName);
export const clock = makeClock(() => performance.now());
export const say = (/** @type {string} */ words) => toast(byId("toast"), words);

/** What this page knows of the server. */
export const server = { feed: feed.start() };

export const drawOutbox = () =>
  drawSaved(byId("saved"), outbox.ops.length, server.feed.trouble, outbox.isSafe);

/** Return in a word what keeps the server from us; ask for a lost session in place. @param {unknown} error */
const troubleOf = (error) => {
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

/**
 * Ask the server for work, unless it is not the time for it.
 * @param {{isLow: boolean, isAtWork: boolean}} page
 * @param {() => Promise<any>} ask
 * @param {(got: any) => boolean} take uses the answer; tells whether it brought something new
 * @returns {Promise<boolean>} whether it was asked
 */
export const fetchWork = async (page, ask, take) => {
  if (document.hidden || !feed.isDue(server.feed, Date.now(), page)) return false;
  server.feed = feed.asking(server.feed, Date.now());
  try {
    const got = await ask();
    server.feed = feed.came(server.feed, Date.now(), {
      isMore: take(got),
      reason: got.reason ?? "",
      isAllSent: outbox.ops.length === 0,
      // Asking again renews a lease: at half of its time.
      renewal: setup.leaseMinutes * 30_000,
    });
  } catch (error) {
    server.feed = feed.failed(server.feed, troubleOf(error));
  }
  return true;
};

/**
 * Send what waits, again and again, and fetch more.
 * @param {{onReply: import("./sender.js").OnReply, sent: () => void, refill: () => Promise<unknown>, rest: () => number}} page
 */
export const makeLoop = ({ onReply, sent, refill, rest }) => {
  const send = makeSender({
    name: storeName,
    outbox,
    call,
    onReply: (...news) => {
      windows.postMessage({ replies: news });
      onReply(...news);
    },
  });
  const flush = async (least = 1) => {
    const isWaiting = outbox.ops.length > 0;
    try {
      await send(least);
      server.feed = feed.sent(server.feed, isWaiting);
    } catch (error) {
      server.feed = feed.unsent(server.feed, troubleOf(error));
    }
    sent();
  };
  const tick = async () => {
    await flush();
    await refill();
    setTimeout(tick, rest());
  };
  return { flush, tick };
};

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
    // Back from the browser's cache of pages: what it shows was given back when it was
    // left.
    if (event.persisted) location.reload();
  });
  window.addEventListener("online", back);
};
