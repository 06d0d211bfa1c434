/**
 * A page of items that the model takes for the same, as pure functions on plain objects.
 * @typedef {import("../annotate/state.js").Lease} Lease
 * An item with the labels it will get; null: it is left, to be decided by itself.
 * @typedef {{lease: Lease, labels: string[] | null}} Cell
 * @typedef {{labels: string[], cells: Cell[], at: number, before: Cell[][]}} Sheet
 */

/** Whether two answers are the same, in whatever order. @param {string[] | null} some @param {string[] | null} others */
export const isSame = (some, others) =>
  some === null || others === null
    ? some === others
    : some.length === others.length && some.every((label) => others.includes(label));

/** @param {string[]} labels @param {Lease[]} leases @returns {Sheet} */
export const lay = (labels, leases) => ({
  labels,
  cells: leases.map((lease) => ({ lease, labels })),
  at: 0,
  before: [],
});

/** Go to a cell; beyond an end is the end. @param {Sheet} s @param {number} at @returns {Sheet} */
export const goTo = (s, at) => ({
  ...s,
  at: Math.max(0, Math.min(s.cells.length - 1, at)),
});

/** Give the present cell other labels, or leave it. @param {Sheet} s @param {string[] | null} labels @returns {Sheet} */
export const give = (s, labels) => {
  const here = s.cells[s.at];
  if (here === undefined || isSame(here.labels, labels)) return s;
  const cells = s.cells.map((cell, n) => (n === s.at ? { ...cell, labels } : cell));
  return { ...s, cells, before: [...s.before, s.cells] };
};

/** Give the present cell one label more, or take it away; one that was left is taken in again. @param {Sheet} s @param {string} label @returns {Sheet} */
export const toggle = (s, label) => {
  const labels = s.cells[s.at]?.labels ?? s.labels;
  const others = labels.filter((name) => name !== label);
  return give(s, others.length < labels.length ? others : [...labels, label]);
};

/** Leave the present cell for later, or take it in again. @param {Sheet} s @returns {Sheet} */
export const leave = (s) => give(s, s.cells[s.at]?.labels === null ? s.labels : null);

/** Take the last change back; null where there was none. @param {Sheet} s @returns {Sheet | null} */
export const undo = (s) => {
  const cells = s.before.at(-1);
  return cells ? { ...s, cells, before: s.before.slice(0, -1) } : null;
};

/** Drop an item that another window has taken. @param {Sheet} s @param {number} assignment @returns {Sheet} */
export const without = (s, assignment) => {
  const keep = (/** @type {Cell[]} */ cells) =>
    cells.filter(({ lease }) => lease.assignment !== assignment);
  return goTo({ ...s, cells: keep(s.cells), before: s.before.map(keep) }, s.at);
};

/** What a page comes to. @param {Sheet} s */
export const sum = (s) => {
  const kept = s.cells.filter((cell) => isSame(cell.labels, s.labels)).length;
  const left = s.cells.filter((cell) => cell.labels === null).length;
  return { kept, corrected: s.cells.length - kept - left, left };
};
