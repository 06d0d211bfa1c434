/**
 * The station's state, as pure functions on plain objects.
 * @typedef {{id: number, external_id: string, data: Record<string, unknown>, metadata: Record<string, unknown>, media_url: string | null}} Item
 * What the model says, or a source from outside: `probabilities` of each label where items may have several; the confidence is of all of it.
 * @typedef {{label: string, labels: string[], probabilities?: Record<string, number>, confidence?: number | null, calibrated?: boolean, source?: string, words?: string[], likely?: string[]}} Suggestion
 * @typedef {{assignment: number, item: Item, suggestion: null | Suggestion}} Lease
 * @typedef {{labels: string[], comment: string, is_unsure: boolean}} Answer
 * @typedef {Answer & {client_id: string, assignment: number, seconds: number, screen?: string}} Vote
 * @typedef {{id: number, version: number, revealed?: null | Suggestion}} Saved
 * An answer given: as it was sent first, as it is now, and what the server said of it.
 * @typedef {{vote: Vote, now: Answer, lease: Lease, saved: Saved | null, note: string}} Done
 * What a person has said so far of the item on the screen; `typed` is the beginning of a code.
 * @typedef {{typed: string, comment: string, isUnsure: boolean, isDeclined: boolean}} Draft
 * @typedef {{queue: Lease[], done: Done[], chosen: string[], revisited: string | null, gone: ReadonlySet<number>}} Session
 * @typedef {{key: string, tried?: boolean} & (
 *   {kind: "vote" | "undo", assignment: number, client_id: string, vote: Vote} |
 *   {kind: "edit", assignment: number, client_id: string, vote: Vote, now: Answer} |
 *   {kind: "skip" | "flag", assignment: number, client_id: string, words: string}
 * )} Op
 */

export const HISTORY = 100;
export const BATCH = 50;
const LEAST_AHEAD = 30;
const MOST_AHEAD = 50;
const MINUTE = 60_000;

/** @returns {Session} */
export const start = () => ({
  queue: [],
  done: [],
  chosen: [],
  revisited: null,
  gone: new Set(),
});

/** Begin to answer; the words of an answer that is looked at again come back. @param {Answer} [given] @returns {Draft} */
export const draft = (given) => ({
  typed: "",
  comment: given?.comment ?? "",
  isUnsure: given?.is_unsure ?? false,
  isDeclined: false,
});

/** @param {Draft} d @param {string[]} labels @returns {Answer} */
export const say = (d, labels) => ({
  labels,
  comment: d.comment,
  is_unsure: d.isUnsure,
});

/** The suggested label that is asked for with yes or no, until the answer is no. @param {Session} session @param {Draft} d @returns {string | undefined} */
export const question = (session, d) =>
  session.revisited === null && !d.isDeclined
    ? session.queue[0]?.suggestion?.label
    : undefined;

/** What is on the screen: an earlier answer that is looked at again, or the next item. @param {Session} session @returns {Lease | undefined} */
export const shown = (session) =>
  session.revisited === null
    ? session.queue[0]
    : entry(session, session.revisited)?.lease;

/** @param {Session} session @param {string} id @returns {Done | undefined} */
export const entry = (session, id) => session.done.find((d) => d.vote.client_id === id);

/** Assignments with an answer that the server does not know yet. @param {Op[]} ops @returns {Set<number>} */
export const pending = (ops) => {
  const assignments = new Set();
  for (const op of ops) {
    if (op.kind === "vote" || op.kind === "skip") assignments.add(op.assignment);
    if (op.kind === "undo") assignments.delete(op.assignment);
  }
  return assignments;
};

/**
 * Add leases that are not here yet, nor answered. What is gone stays gone: the server may
 * have listed an item just before its answer arrived.
 * @param {Session} session @param {Lease[]} leases @param {Op[]} ops @returns {Session}
 */
export const arrive = (session, leases, ops) => {
  const known = new Set([...pending(ops), ...session.gone]);
  for (const lease of session.queue) known.add(lease.assignment);
  return {
    ...session,
    queue: [...session.queue, ...leases.filter((l) => !known.has(l.assignment))],
  };
};

/** The item that the page shows already comes first. @param {Lease[]} leases @param {number} drawn @returns {Lease[]} */
export const foremost = (leases, drawn) => [
  ...leases.filter((l) => l.assignment === drawn),
  ...leases.filter((l) => l.assignment !== drawn),
];

/** Drop an item that is answered or passed on, here or in another window. @param {Session} session @param {number} assignment @returns {Session} */
export const without = (session, assignment) => ({
  ...session,
  queue: session.queue.filter((l) => l.assignment !== assignment),
  gone: new Set([...session.gone, assignment]),
});

/** Answer the first item. @param {Session} session @param {Vote} vote @returns {Session} */
export const answer = (session, vote) => {
  const [lease] = session.queue;
  if (lease === undefined) return session;
  const { labels, comment, is_unsure } = vote;
  const now = { labels, comment, is_unsure };
  const done = [...session.done, { vote, now, lease, saved: null, note: "" }].slice(
    -HISTORY,
  );
  return { ...without(session, lease.assignment), done, chosen: [] };
};

/** Drop the first item. @param {Session} session @returns {Session} */
export const pass = (session) => ({
  ...(session.queue[0] ? without(session, session.queue[0].assignment) : session),
  chosen: [],
});

/** Keep what the server said of an answer. @param {Session} session @param {string} id @param {Saved | null} saved @param {string} [note] @returns {Session} */
export const replied = (session, id, saved, note = "") => ({
  ...session,
  done: session.done.map((d) => (d.vote.client_id === id ? { ...d, saved, note } : d)),
});

/**
 * Ask an item again whose answer the server could not take.
 * @param {Session} session @param {string} id @returns {Session}
 */
export const again = (session, id) => {
  const refused = entry(session, id);
  if (refused === undefined) return session;
  const { lease } = refused;
  const gone = new Set(session.gone);
  gone.delete(lease.assignment);
  const [first, ...rest] = session.queue;
  const queue = first === undefined ? [lease] : [first, lease, ...rest];
  return { ...session, gone, queue, done: session.done.filter((d) => d !== refused) };
};

/** Take the last answer back and show its item again. @param {Session} session @returns {[Session, Done | null]} */
export const undo = (session) => {
  const last = session.done.findLast((d) => d.note === "");
  if (last === undefined) return [session, null];
  const gone = new Set(session.gone);
  gone.delete(last.lease.assignment);
  const next = {
    gone,
    queue: [last.lease, ...session.queue],
    done: session.done.filter((d) => d !== last),
    chosen: last.now.labels,
    revisited: null,
  };
  return [next, last];
};

/** Look at an earlier answer, or with null go back to the next item. @param {Session} session @param {string | null} id @returns {Session} */
export const revisit = (session, id) => ({
  ...session,
  revisited: id,
  chosen: id === null ? [] : (entry(session, id)?.now.labels ?? []),
});

/** Go one answer back in the history, or forward, at last to the next item. @param {Session} session @param {-1 | 1} by @returns {Session} */
export const step = (session, by) => {
  const ids = session.done.map((d) => d.vote.client_id);
  const at = session.revisited === null ? ids.length : ids.indexOf(session.revisited);
  return revisit(session, ids[Math.max(0, at + by)] ?? null);
};

/** Change the revisited answer. @param {Session} session @param {Answer} now @returns {[Session, Done | null]} */
export const change = (session, now) => {
  const before =
    session.revisited === null ? undefined : entry(session, session.revisited);
  if (before === undefined) return [session, null];
  const done = session.done.map((d) => (d === before ? { ...d, now } : d));
  return [{ ...session, done, chosen: [], revisited: null }, before];
};

/** Choose or unchoose a label of several. @param {Session} session @param {string} label @returns {Session} */
export const toggle = (session, label) => ({
  ...session,
  chosen: session.chosen.includes(label)
    ? session.chosen.filter((l) => l !== label)
    : [...session.chosen, label],
});

/**
 * What to do next with the outbox: drop what cancels out, or send what comes first.
 * An answer that was never tried and its undo cancel out; a tried one may have arrived.
 * @param {Op[]} ops @returns {{drop: Op[], send: Op[]}}
 */
export const plan = (ops) => {
  const undone = new Set(ops.filter((o) => o.kind === "undo").map((o) => o.client_id));
  const lost = new Set(
    ops
      .filter((o) => o.kind === "vote" && !o.tried && undone.has(o.client_id))
      .map((o) => o.client_id),
  );
  const drop = ops.filter((o) => lost.has(o.client_id));
  if (drop.length > 0) return { drop, send: [] };
  const first = ops.findIndex((o) => o.kind !== "vote");
  const votes = first === -1 ? ops : ops.slice(0, first);
  return { drop: [], send: votes.length > 0 ? votes.slice(0, BATCH) : ops.slice(0, 1) };
};

/**
 * How many items to hold: about a minute and a half of work, so that a fast hand never
 * waits and the order is never older than it must be.
 * @param {number[]} times when answers were given @param {number} now
 */
export const depth = (times, now) => {
  const lately = times.filter((t) => now - t < MINUTE).length;
  return Math.min(MOST_AHEAD, Math.max(LEAST_AHEAD, Math.round(lately * 1.5)));
};

/** Answers a minute of the last twenty, by the time that was really spent; null while too few. @param {Session} session */
export const pace = (session) => {
  const last = session.done.slice(-20);
  const spent = last.reduce((sum, d) => sum + d.vote.seconds, 0);
  return last.length < 5 || spent === 0 ? null : Math.round((last.length / spent) * 60);
};
