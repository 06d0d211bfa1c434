import assert from "node:assert/strict";
import { test } from "node:test";
import { makeClock } from "../../frontend/static/js/annotate/clock.js";
import { clash, interpret, keymap, read } from "../../frontend/static/js/annotate/keys.js";
import * as state from "../../frontend/static/js/annotate/state.js";

const lease = (n) => ({ assignment: n, item: { id: n }, suggestion: null });
const vote = (n, label = "x") => ({ client_id: `c${n}`, assignment: n, labels: [label] });
const op = (kind, n, more = {}) => ({ key: `${kind}${n}`, kind, assignment: n, client_id: `c${n}`, ...more });
const at = (...numbers) => state.arrive(state.start(), numbers.map(lease), []);

test("a lease that is here already is not queued twice", () => {
  assert.equal(state.arrive(at(1, 2), [lease(2), lease(3)], []).queue.length, 3);
});

test("an answered or skipped lease does not come back while the server does not know", () => {
  const s = state.arrive(state.start(), [1, 2, 3, 4].map(lease), [op("vote", 1), op("skip", 2), op("vote", 3), op("undo", 3)]);
  assert.deepEqual(s.queue.map((l) => l.assignment), [3, 4]);
});

test("an answered lease does not come back in a list that was made before the answer", () => {
  const s = state.answer(at(1, 2), vote(1));
  assert.deepEqual(state.arrive(s, [lease(1), lease(3)], []).queue.map((l) => l.assignment), [2, 3]);
  assert.equal(state.undo(s)[0].queue[0].assignment, 1);
});

test("an answer moves on at once", () => {
  const s = state.answer(at(1, 2), vote(1));
  assert.equal(state.shown(s).assignment, 2);
  assert.equal(s.done.length, 1);
});

test("an answer without an item changes nothing", () => {
  const s = state.start();
  assert.equal(state.answer(s, vote(1)), s);
});

test("an answer begins empty, an earlier one with the words it had", () => {
  const said = { labels: ["x"], comment: "blurred", is_unsure: true };
  assert.deepEqual(state.draft(), { typed: "", comment: "", isUnsure: false, isDeclined: false });
  const draft = state.draft(said);
  assert.deepEqual(draft, { typed: "", comment: "blurred", isUnsure: true, isDeclined: false });
  assert.deepEqual(state.say(draft, ["y"]), { ...said, labels: ["y"] });
});

test("a suggested label is asked for until the answer is no", () => {
  const suggested = (n) => ({ ...lease(n), suggestion: { label: "x", confidence: 0.9 } });
  const s = state.arrive(state.start(), [suggested(1), suggested(2), lease(3)], []);
  assert.equal(state.question(s, state.draft()), "x");
  assert.equal(state.question(s, { ...state.draft(), isDeclined: true }), undefined);
  const next = state.answer(s, vote(1));
  assert.equal(state.question(next, state.draft()), "x");
  assert.equal(state.question(state.revisit(next, "c1"), state.draft()), undefined);
  assert.equal(state.question(state.answer(next, vote(2)), state.draft()), undefined);
});

test("what the server has acknowledged can still be undone", () => {
  const sent = state.replied(state.answer(at(1, 2), vote(1)), "c1", { id: 7, version: 1 });
  const [s, last] = state.undo(sent);
  assert.deepEqual(last.saved, { id: 7, version: 1 });
  assert.equal(s.queue[0].assignment, 1);
  assert.deepEqual(s.chosen, ["x"]);
});

test("fifty answers can be undone, one after the other", () => {
  let s = at(...Array.from({ length: 60 }, (_, n) => n));
  for (let n = 0; n < 60; n += 1) s = state.answer(s, vote(n));
  for (let n = 0; n < 50; n += 1) [s] = state.undo(s);
  assert.equal(s.queue[0].assignment, 10);
});

test("an answer that the server refused is not undone again", () => {
  const s = state.replied(state.answer(state.answer(at(1, 2), vote(1)), vote(2)), "c2", null, "taken");
  assert.equal(state.undo(s)[1].vote.client_id, "c1");
});

test("an earlier answer is looked at and changed in its place", () => {
  const s = state.revisit(state.answer(at(1, 2), vote(1)), "c1");
  assert.equal(state.shown(s).assignment, 1);
  const now = { labels: ["y"], comment: "", is_unsure: true };
  const [changed, found] = state.change(s, now);
  assert.equal(found.vote.client_id, "c1");
  assert.deepEqual(changed.done[0].now, now);
  assert.deepEqual(changed.done[0].vote.labels, ["x"]);
  assert.equal(state.shown(changed).assignment, 2);
});

test("votes go in batches, other things one by one, all in order", () => {
  const ops = [op("vote", 1), op("vote", 2), op("skip", 3), op("vote", 4)];
  assert.deepEqual(state.plan(ops).send, ops.slice(0, 2));
  assert.deepEqual(state.plan(ops.slice(2)).send, [ops[2]]);
  const many = Array.from({ length: 120 }, (_, n) => op("vote", n));
  assert.equal(state.plan(many).send.length, state.BATCH);
});

test("a vote that was never tried and its undo cancel out", () => {
  const ops = [op("vote", 1), op("undo", 1), op("vote", 2)];
  assert.deepEqual(state.plan(ops), { drop: ops.slice(0, 2), send: [] });
});

test("a vote that may have arrived is sent again before its undo", () => {
  const ops = [op("vote", 1, { tried: true }), op("undo", 1)];
  assert.deepEqual(state.plan(ops), { drop: [], send: [ops[0]] });
});

test("labels of several are toggled", () => {
  const s = state.toggle(state.toggle(at(1), "x"), "y");
  assert.deepEqual(state.toggle(s, "x").chosen, ["y"]);
});

test("labels without a key get the free digits in order", () => {
  const keys = keymap([{ name: "cat", key: "" }, { name: "dog", key: "1" }, { name: "eel", key: "" }]);
  assert.deepEqual([...keys], [["2", "cat"], ["1", "dog"], ["3", "eel"]]);
});

const keysOf = (...labels) => {
  const drafts = labels.map((text) => ({ name: text.split("|")[0], key: text.split("|")[1] ?? "" }));
  return Object.fromEntries([...keymap(drafts)].map(([code, name]) => [name, code]));
};

test("ux-2 friction 1: a label named by one character has it as its key, in any order", () => {
  assert.deepEqual(keysOf("3", "9", "0"), { 3: "3", 9: "9", 0: "0" });
  assert.deepEqual(keysOf("A", "B", "other"), { A: "a", B: "b", other: "1" });
  assert.deepEqual(keysOf("a", "A", "+"), { a: "a", A: "A", "+": "+" });
});

test("no key is the name of another label, even where somebody gave it", () => {
  assert.deepEqual(keysOf("one|2", "2"), { one: "1", 2: "2" });
  assert.deepEqual(keysOf("1|2", "2|1"), { 1: "1", 2: "2" });
  assert.deepEqual(keysOf("ex|a", "A"), { ex: "1", A: "a" });
});

test("labels named by two digits are reached by these, and no other label by them", () => {
  const codes = keysOf(...Array.from({ length: 30 }, (_, n) => `${40 - n}`), "other");
  assert.equal(codes[11], "11");
  assert.equal(codes[12], "12");
  assert.equal(Object.values(codes).filter((code) => code === codes.other).length, 1);
  assert.deepEqual(keysOf("30", "20"), { 30: "30", 20: "20" });
});

test("where names have taken the digits, the others begin with a letter", () => {
  const codes = keysOf(..."0123456789", "none", "all");
  assert.equal(codes[7], "7");
  assert.match(codes.none + codes.all, /^([a-z]\d){2}$/);
  assert.notEqual(codes.none, codes.all);
});

test("many labels have two digits each, and no code begins another", () => {
  const keys = keymap(Array.from({ length: 77 }, (_, n) => ({ name: `l${n}`, key: "" })));
  assert.equal(keys.size, 77);
  assert.deepEqual(read(keys, "", "1"), { typed: "1" });
  assert.deepEqual(read(keys, "1", "2"), { label: "l1", typed: "" });
});

test("a key that continues nothing begins anew", () => {
  const keys = new Map([["ab", "x"], ["c", "y"]]);
  assert.deepEqual(read(keys, "a", "c"), { label: "y", typed: "" });
  assert.deepEqual(read(keys, "a", "q"), { typed: "" });
});

test("arrows walk through the history and back to the next item", () => {
  let s = state.answer(state.answer(at(1, 2, 3), vote(1)), vote(2));
  const seen = [-1, -1, -1, 1, 1, 1].map((by) => {
    s = state.step(s, by);
    return state.shown(s).assignment;
  });
  assert.deepEqual(seen, [2, 1, 1, 2, 3, 3]);
});

test("an answer that no longer fits is asked again, after the item in work", () => {
  const s = state.again(state.answer(at(1, 2, 3), vote(1)), "c1");
  assert.deepEqual(s.queue.map((l) => l.assignment), [2, 1, 3]);
  assert.equal(s.done.length, 0);
});

test("a fast hand holds more items, within bounds", () => {
  const now = 100_000;
  const lately = (count) => Array.from({ length: count }, () => now - 1000);
  assert.equal(state.depth([], now), 30);
  assert.equal(state.depth(lately(20), now), 30);
  assert.equal(state.depth(lately(100), now), 50);
  assert.equal(state.depth([1, 2, 3], now), 30);
});

test("keys mean the same on other layouts and with caps lock", () => {
  const map = new Map([["1", "cat"], ["2", "dog"]]);
  const actions = { unsure: "u", help: "?" };
  const press = (key, code) => interpret(map, actions, "", { key, code });
  assert.equal(press("&", "Digit1").label, "cat");
  assert.equal(press("U", "KeyU").action, "unsure");
  assert.equal(press("г", "KeyU").action, "unsure");
  assert.equal(press("?", "Slash").action, "help");
  assert.equal(press("Backspace", "Backspace").action, "undo");
  assert.deepEqual(press("Shift", "ShiftLeft"), { typed: "" });
});

test("a label's key goes before an action's", () => {
  const found = interpret(new Map([["u", "ugly"]]), { unsure: "u" }, "", { key: "u", code: "KeyU" });
  assert.equal(found.label, "ugly");
});

test("two things may not have one key", () => {
  assert.match(clash({ skip: "s", undo: "s" }), /two things/);
  assert.match(clash({ skip: "" }), /needs a key/);
  assert.equal(clash({ skip: "s", undo: "z" }), "");
});

test("hidden and idle time does not count", () => {
  let now = 0;
  const clock = makeClock(() => now);
  now = 2_000;
  clock.hide(true);
  now = 60_000;
  clock.hide(false);
  now = 200_000;
  assert.equal(clock.take(), 32);
  now = 201_000;
  assert.equal(clock.take(), 1);
});
