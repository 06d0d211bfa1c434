import assert from "node:assert/strict";
import { test } from "node:test";
import * as state from "../../frontend/static/js/annotate/state.js";

const lease = (n) => ({ assignment: n, item: { id: n }, suggestion: null });
const vote = (n, label = "x") => ({ client_id: `c${n}`, assignment: n, labels: [label] });
const at = (...numbers) => state.arrive(state.start(), numbers.map(lease));

test("a lease that is here already is not queued twice", () => {
  assert.equal(state.arrive(at(1, 2), [lease(2), lease(3)]).queue.length, 3);
});

test("an answered lease does not come back while its vote is unsent", () => {
  const s = state.answer(at(1, 2), vote(1));
  assert.deepEqual(state.arrive(s, [lease(1)]).queue.map((l) => l.assignment), [2]);
});

test("an answer moves on at once and waits in the outbox", () => {
  const s = state.answer(at(1, 2), vote(1));
  assert.equal(s.queue[0].assignment, 2);
  assert.equal(s.outbox.length, 1);
});

test("an answer without an item changes nothing", () => {
  const s = state.start();
  assert.equal(state.answer(s, vote(1)), s);
});

test("what the server has acknowledged leaves the outbox and can still be undone", () => {
  const sent = state.acknowledge(state.answer(at(1, 2), vote(1)), [
    { client_id: "c1", annotation: { id: 7, version: 1 } },
  ]);
  const [s, last] = state.undo(sent);
  assert.equal(sent.outbox.length, 0);
  assert.deepEqual(last.saved, { id: 7, version: 1 });
  assert.equal(s.queue[0].assignment, 1);
});

test("undo of an unsent vote takes it out of the outbox", () => {
  const [s] = state.undo(state.answer(at(1, 2), vote(1)));
  assert.equal(s.outbox.length, 0);
});

test("labels of several are toggled", () => {
  const s = state.toggle(state.toggle(at(1), "x"), "y");
  assert.deepEqual(state.toggle(s, "x").chosen, ["y"]);
});

test("labels without a key get the free digits in order", () => {
  const keys = state.keymap([{ name: "a", key: "" }, { name: "b", key: "1" }, { name: "c", key: "" }]);
  assert.deepEqual([...keys], [["2", "a"], ["1", "b"], ["3", "c"]]);
});
