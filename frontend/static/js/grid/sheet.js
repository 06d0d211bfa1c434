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

/** Go to a cell; beyond an end is the end. @param {Sheet} sheet @param {number} at @returns {Sheet} */
export const goTo = (sheet, at) => ({
  ...sheet,
  at: Math.max(0, Math.min(sheet.cells.length - 1, at)),
});

/** Give the present cell other labels, or leave it. @param {Sheet} sheet @param {string[] | null} labels @returns {Sheet} */
export const give = (sheet, labels) => {
  const here = sheet.cells[sheet.at];
  if (here === undefined || isSame(here.labels, labels)) return sheet;
  const cells = sheet.cells.map((cell, n) =>
    n === sheet.at ? { ...cell, labels } : cell,
  );
  return { ...sheet, cells, before: [...sheet.before, sheet.cells] };
};

/** Give the present cell one label more, or take it away; one that was left is taken in again. @param {Sheet} sheet @param {string} label @returns {Sheet} */
export const toggle = (sheet, label) => {
  const labels = sheet.cells[sheet.at]?.labels ?? sheet.labels;
  const others = labels.filter((name) => name !== label);
  return give(sheet, others.length < labels.length ? others : [...labels, label]);
};

/** Leave the present cell for later, or take it in again. @param {Sheet} sheet @returns {Sheet} */
export const leave = (sheet) =>
  give(sheet, sheet.cells[sheet.at]?.labels === null ? sheet.labels : null);

/** Take the last change back; null where there was none. @param {Sheet} sheet @returns {Sheet | null} */
export const undo = (sheet) => {
  const cells = sheet.before.at(-1);
  return cells ? { ...sheet, cells, before: sheet.before.slice(0, -1) } : null;
};

/** Drop an item that another window has taken. @param {Sheet} sheet @param {number} assignment @returns {Sheet} */
export const without = (sheet, assignment) => {
  const keep = (/** @type {Cell[]} */ cells) =>
    cells.filter(({ lease }) => lease.assignment !== assignment);
  return goTo(
    { ...sheet, cells: keep(sheet.cells), before: sheet.before.map(keep) },
    sheet.at,
  );
};

/** What a page comes to. @param {Sheet} sheet */
export const sum = (sheet) => {
  const kept = sheet.cells.filter((cell) => isSame(cell.labels, sheet.labels)).length;
  const left = sheet.cells.filter((cell) => cell.labels === null).length;
  return { kept, corrected: sheet.cells.length - kept - left, left };
};
