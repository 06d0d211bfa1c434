/**
 * The station's state, as pure functions on plain objects.
 * @typedef {{id: number, external_id: string, data: Record<string, unknown>, media_url: string | null}} Item
 * What the model says: `probabilities` of each label where items may have several; the confidence is of all of it.
 * @typedef {{label: string, labels: string[], probabilities?: Record<string, number>, confidence: number, calibrated?: boolean, words?: string[]}} Suggestion
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

/** The suggested label that is asked for with yes or no, until the answer is no. @param {Session} s @param {Draft} d @returns {string | undefined} */
export const question = (s, d) =>
  s.revisited === null && !d.isDeclined ? s.queue[0]?.suggestion?.label : undefined;

/** What is on the screen: an earlier answer that is looked at again, or the next item. @param {Session} s @returns {Lease | undefined} */
export const shown = (s) =>
  s.revisited === null ? s.queue[0] : entry(s, s.revisited)?.lease;

/** @param {Session} s @param {string} id @returns {Done | undefined} */
export const entry = (s, id) => s.done.find((d) => d.vote.client_id === id);

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
 * @param {Session} s @param {Lease[]} leases @param {Op[]} ops @returns {Session}
 */
export const arrive = (s, leases, ops) => {
  const known = new Set([...pending(ops), ...s.gone]);
  for (const lease of s.queue) known.add(lease.assignment);
  return {
    ...s,
    queue: [...s.queue, ...leases.filter((l) => !known.has(l.assignment))],
  };
};

/** The item that the page shows already comes first. @param {Lease[]} leases @param {number} drawn @returns {Lease[]} */
export const foremost = (leases, drawn) => [
  ...leases.filter((l) => l.assignment === drawn),
  ...leases.filter((l) => l.assignment !== drawn),
];

/** Drop an item that is answered or passed on, here or in another window. @param {Session} s @param {number} assignment @returns {Session} */
export const without = (s, assignment) => ({
  ...s,
  queue: s.queue.filter((l) => l.assignment !== assignment),
  gone: new Set([...s.gone, assignment]),
});

/** Answer the first item. @param {Session} s @param {Vote} vote @returns {Session} */
export const answer = (s, vote) => {
  const [lease] = s.queue;
  if (lease === undefined) return s;
  const { labels, comment, is_unsure } = vote;
  const now = { labels, comment, is_unsure };
  const done = [...s.done, { vote, now, lease, saved: null, note: "" }].slice(-HISTORY);
  return { ...without(s, lease.assignment), done, chosen: [] };
};

/** Drop the first item. @param {Session} s @returns {Session} */
export const pass = (s) => ({
  ...(s.queue[0] ? without(s, s.queue[0].assignment) : s),
  chosen: [],
});

/** Keep what the server said of an answer. @param {Session} s @param {string} id @param {Saved | null} saved @param {string} [note] @returns {Session} */
export const replied = (s, id, saved, note = "") => ({
  ...s,
  done: s.done.map((d) => (d.vote.client_id === id ? { ...d, saved, note } : d)),
});

/**
 * Ask an item again whose answer the server could not take.
 * @param {Session} s @param {string} id @returns {Session}
 */
export const again = (s, id) => {
  const refused = entry(s, id);
  if (refused === undefined) return s;
  const { lease } = refused;
  const gone = new Set(s.gone);
  gone.delete(lease.assignment);
  const [first, ...rest] = s.queue;
  const queue = first === undefined ? [lease] : [first, lease, ...rest];
  return { ...s, gone, queue, done: s.done.filter((d) => d !== refused) };
};

/** Take the last answer back and show its item again. @param {Session} s @returns {[Session, Done | null]} */
export const undo = (s) => {
  const last = s.done.findLast((d) => d.note === "");
  if (last === undefined) return [s, null];
  const gone = new Set(s.gone);
  gone.delete(last.lease.assignment);
  const next = {
    gone,
    queue: [last.lease, ...s.queue],
    done: s.done.filter((d) => d !== last),
    chosen: last.now.labels,
    revisited: null,
  };
  return [next, last];
};

/** Look at an earlier answer, or with null go back to the next item. @param {Session} s @param {string | null} id @returns {Session} */
export const revisit = (s, id) => ({
  ...s,
  revisited: id,
  chosen: id === null ? [] : (entry(s, id)?.now.labels ?? []),
});

/** Go one answer back in the history, or forward, at last to the next item. @param {Session} s @param {-1 | 1} by @returns {Session} */
export const step = (s, by) => {
  const ids = s.done.map((d) => d.vote.client_id);
  const at = s.revisited === null ? ids.length : ids.indexOf(s.revisited);
  return revisit(s, ids[Math.max(0, at + by)] ?? null);
};

/** Change the revisited answer. @param {Session} s @param {Answer} now @returns {[Session, Done | null]} */
export const change = (s, now) => {
  const before = s.revisited === null ? undefined : entry(s, s.revisited);
  if (before === undefined) return [s, null];
  const done = s.done.map((d) => (d === before ? { ...d, now } : d));
  return [{ ...s, done, chosen: [], revisited: null }, before];
};

/** Choose or unchoose a label of several. @param {Session} s @param {string} label @returns {Session} */
export const toggle = (s, label) => ({
  ...s,
  chosen: s.chosen.includes(label)
    ? s.chosen.filter((l) => l !== label)
    : [...s.chosen, label],
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

/** Answers a minute of the last twenty, by the time that was really spent; null while too few. @param {Session} s */
export const pace = (s) => {
  const last = s.done.slice(-20);
  const spent = last.reduce((sum, d) => sum + d.vote.seconds, 0);
  return last.length < 5 || spent === 0 ? null : Math.round((last.length / spent) * 60);
};
