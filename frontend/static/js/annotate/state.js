/**
 * The station's state, as pure functions on plain objects.
 * @typedef {{assignment: number, item: {id: number, external_id: string, data: Record<string, unknown>, media_url: string | null}, suggestion: null | {label: string, confidence: number}}} Lease
 * @typedef {{client_id: string, assignment: number, labels: string[], seconds: number, comment: string, is_unsure: boolean}} Vote
 * @typedef {{vote: Vote, lease: Lease, saved: null | {id: number, version: number}}} Done
 * @typedef {{queue: Lease[], outbox: Vote[], done: Done[], chosen: string[]}} Session
 */

/** @returns {Session} */
export const start = () => ({ queue: [], outbox: [], done: [], chosen: [] });

/** Add leases that are not here yet. @param {Session} s @param {Lease[]} leases @returns {Session} */
export const arrive = (s, leases) => {
  const known = new Set([...s.queue.map((l) => l.assignment), ...s.outbox.map((v) => v.assignment)]);
  return { ...s, queue: [...s.queue, ...leases.filter((l) => !known.has(l.assignment))] };
};

/** Answer the first item. @param {Session} s @param {Vote} vote @returns {Session} */
export const answer = (s, vote) => {
  const [lease, ...queue] = s.queue;
  if (lease === undefined) return s;
  const done = [...s.done, { vote, lease, saved: null }].slice(-100);
  return { queue, outbox: [...s.outbox, vote], done, chosen: [] };
};

/** Drop the first item. @param {Session} s @returns {Session} */
export const pass = (s) => ({ ...s, queue: s.queue.slice(1), chosen: [] });

/** Keep what the server said of sent votes. @param {Session} s @param {{client_id: string, annotation?: {id: number, version: number}}[]} results @returns {Session} */
export const acknowledge = (s, results) => {
  const told = new Map(results.map((r) => [r.client_id, r]));
  return {
    ...s,
    outbox: s.outbox.filter((v) => !told.has(v.client_id)),
    done: s.done.map((d) => {
      const saved = told.get(d.vote.client_id)?.annotation;
      return saved ? { ...d, saved: { id: saved.id, version: saved.version } } : d;
    }),
  };
};

/** Take the last answer back and show its item again. @param {Session} s @returns {[Session, Done | null]} */
export const undo = (s) => {
  const last = s.done.at(-1);
  if (last === undefined) return [s, null];
  const next = {
    queue: [last.lease, ...s.queue],
    outbox: s.outbox.filter((v) => v.client_id !== last.vote.client_id),
    done: s.done.slice(0, -1),
    chosen: last.vote.labels,
  };
  return [next, last];
};

/** Choose or unchoose a label of several. @param {Session} s @param {string} label @returns {Session} */
export const toggle = (s, label) => ({
  ...s,
  chosen: s.chosen.includes(label) ? s.chosen.filter((l) => l !== label) : [...s.chosen, label],
});

/** Keys for labels: their own, else 1–9 and 0 in order. @param {{name: string, key: string}[]} labels @returns {Map<string, string>} */
export const keymap = (labels) => {
  const taken = new Set(labels.map((l) => l.key).filter(Boolean));
  const free = [..."1234567890"].filter((k) => !taken.has(k));
  return new Map(labels.map((l) => [l.key || free.shift() || "", l.name]).filter(([k]) => k));
};
