import assert from "node:assert/strict";
import { test } from "node:test";
import * as sheet from "../../frontend/static/js/grid/sheet.js";

const leases = (count) =>
  Array.from({ length: count }, (_, n) => ({ assignment: n + 1, item: {}, suggestion: null }));
const labels = (s) => s.cells.map((cell) => cell.labels?.join("+") ?? null);

test("a page starts with everything under its label", () => {
  const s = sheet.lay(["cat"], leases(3));
  assert.deepEqual(labels(s), ["cat", "cat", "cat"]);
  assert.deepEqual(sheet.sum(s), { kept: 3, corrected: 0, left: 0 });
});

test("moving stops at the ends", () => {
  const s = sheet.lay(["cat"], leases(3));
  assert.equal(sheet.goTo(s, -5).at, 0);
  assert.equal(sheet.goTo(s, Number.POSITIVE_INFINITY).at, 2);
});

test("corrections and what is left are counted, and taken back one by one", () => {
  let s = sheet.give(sheet.goTo(sheet.lay(["cat"], leases(3)), 1), ["dog"]);
  s = sheet.leave(sheet.goTo(s, 2));
  assert.deepEqual(labels(s), ["cat", "dog", null]);
  assert.deepEqual(sheet.sum(s), { kept: 1, corrected: 1, left: 1 });
  s = sheet.undo(s);
  assert.deepEqual(labels(s), ["cat", "dog", "cat"]);
  s = sheet.undo(s);
  assert.deepEqual(labels(s), ["cat", "cat", "cat"]);
  assert.equal(sheet.undo(s), null);
});

test("leaving twice takes in again; the same label twice is no change", () => {
  let s = sheet.leave(sheet.lay(["cat"], leases(1)));
  s = sheet.leave(s);
  assert.deepEqual(labels(s), ["cat"]);
  assert.equal(sheet.give(s, ["cat"]), s);
});

test("what another window took is gone, from earlier states too", () => {
  let s = sheet.give(sheet.goTo(sheet.lay(["cat"], leases(3)), 2), ["dog"]);
  s = sheet.without(s, 3);
  assert.deepEqual(labels(s), ["cat", "cat"]);
  assert.equal(s.at, 1);
  assert.deepEqual(labels(sheet.undo(s)), ["cat", "cat"]);
});

test("c11 of several labels one is added or taken away; the order does not matter", () => {
  let s = sheet.lay(["even", "prime"], leases(2));
  s = sheet.toggle(s, "even");
  assert.deepEqual(labels(s), ["prime", "even+prime"]);
  s = sheet.toggle(s, "even");
  assert.deepEqual(labels(s), ["prime+even", "even+prime"]);
  assert.deepEqual(sheet.sum(s), { kept: 2, corrected: 0, left: 0 });
  s = sheet.toggle(sheet.toggle(s, "even"), "prime");
  assert.deepEqual(labels(s), ["", "even+prime"]);
  assert.deepEqual(sheet.sum(s), { kept: 1, corrected: 1, left: 0 });
});

test("c11 none of the labels is an answer, and what was left is not", () => {
  let s = sheet.leave(sheet.lay([], leases(2)));
  assert.deepEqual(sheet.sum(s), { kept: 1, corrected: 0, left: 1 });
  s = sheet.toggle(s, "even");
  assert.deepEqual(labels(s), ["even", ""]);
});
