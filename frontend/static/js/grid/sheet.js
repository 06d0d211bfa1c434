/**
 * A page of items that the model takes for the same, as pure functions on plain objects.
 * @typedef {import("../annotate/state.js").Lease} Lease
 * An item with the label it will get; null: it is left, to be decided by itself.
 * @typedef {{lease: Lease, label: string | null}} Cell
 * @typedef {{label: string, cells: Cell[], at: number, before: Cell[][]}} Sheet
 */

/** @param {string} label @param {Lease[]} leases @returns {Sheet} */
export const lay = (label, leases) => ({
  label,
  cells: leases.map((lease) => ({ lease, label })),
  at: 0,
  before: [],
});

/** Go to a cell; beyond an end is the end. @param {Sheet} s @param {number} at @returns {Sheet} */
export const goTo = (s, at) => ({
  ...s,
  at: Math.max(0, Math.min(s.cells.length - 1, at)),
});

/** Give the present cell another label, or none. @param {Sheet} s @param {string | null} label @returns {Sheet} */
export const give = (s, label) => {
  if (s.cells[s.at] === undefined || s.cells[s.at]?.label === label) return s;
  const cells = s.cells.map((cell, n) => (n === s.at ? { ...cell, label } : cell));
  return { ...s, cells, before: [...s.before, s.cells] };
};

/** Leave the present cell for later, or take it in again. @param {Sheet} s @returns {Sheet} */
export const leave = (s) => give(s, s.cells[s.at]?.label === null ? s.label : null);

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
export const sum = ({ label, cells }) => ({
  kept: cells.filter((cell) => cell.label === label).length,
  corrected: cells.filter((cell) => cell.label !== null && cell.label !== label).length,
  left: cells.filter((cell) => cell.label === null).length,
});
