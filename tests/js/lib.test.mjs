import assert from "node:assert/strict";
import { test } from "node:test";
import { fold } from "../../frontend/static/js/lib/fold.js";
import { folding, matching } from "../../frontend/static/js/annotate/search.js";
import { fitting } from "../../frontend/static/js/lib/palette.js";

test("text is compared without case, accents and width, not without Indian vowels or kana marks", () => {
  for (const [one, other] of [
    ["Crème BRÛLÉE", "creme brulee"], ["ΟΔΟΣ", "οδος"], ["Straße", "STRASSE"], ["ﬁne", "fine"],
    ["ＡＢＣ", "abc"], ["İstanbul", "istanbul"], ["שָׁלוֹם", "שלום"], ["مُحَمَّد", "محمد"], ["Ёлка", "елка"],
  ]) assert.equal(fold(one), fold(other));
  assert.notEqual(fold("की"), fold("का"));
  assert.notEqual(fold("が"), fold("か"));
});

const command = (group, words, hint = "") => ({ group, words, hint, key: "", run: () => undefined });
const all = [
  command("Labels", "business"), command("Labels", "show business"), command("Labels", "abuse"),
  command("Pages", "Import", "Data"), command("Projects", "Bustling"),
];
const names = (query) => fitting(all, query).map(({ words }) => words);

test("without words every command is listed in its place", () => {
  assert.deepEqual(names(" "), all.map(({ words }) => words));
});

test("what begins so comes before what has it inside, and groups stay together", () => {
  assert.deepEqual(names("BUS"), ["business", "show business", "abuse", "Bustling"]);
});

test("every word must be there, in the name or in what it belongs to", () => {
  assert.deepEqual(names("data imp"), ["Import"]);
  assert.deepEqual(names("data business"), []);
});

/** Run a generator to its end. */
const whole = (steps) => {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
};
const places = (text, query) =>
  whole(matching(whole(folding(text)), query)).map(([from, to]) => text.slice(from, to));

test("folding letter by letter is folding the whole", () => {
  for (const text of ["ΟΔΟΣ ὀδύσσεια", "Straße ﬃ ½ ﷺ", "e\u0301te\u0301 ñandú", "한국어 ｶﾞ が", "a\u00a0b\n\tc", "😀 𝔉𝔬𝔬"]) {
    assert.equal(whole(folding(text)).units, fold(text));
  }
});

test("a place is found without case and accents, and covers the letters with their marks", () => {
  assert.deepEqual(places("Crème, creme, CRE\u0301ME!", "crème"), ["Crème", "creme", "CRE\u0301ME"]);
  assert.deepEqual(places("ate\u0301", "e"), ["e\u0301"]);
  assert.deepEqual(places("Straße", "SS"), ["ß"]);
  assert.deepEqual(places("ﬄ", "f"), ["ﬄ"]);
  assert.deepEqual(places("x\u00a0y x\ny", "X Y"), ["x\u00a0y", "x\ny"]);
  assert.deepEqual(places("aaaa", "aa"), ["aa", "aa"]);
});

test("nothing is found for no words, nor what is not there", () => {
  for (const query of ["", "\u0301", "xyz"]) assert.deepEqual(places("abc", query), []);
});

test("a letter outside the first plane is never cut, wherever a piece ends", () => {
  const text = "a".repeat(16_383) + "😀".repeat(20_000) + "End";
  assert.deepEqual(places(text, "😀end"), ["😀End"]);
  assert.equal(places(text, "😀").length, 20_000);
});

test("a megabyte is folded in many small pieces", () => {
  const text = "Le cœur déçu mais l’âme plutôt naïve 😀 ".repeat(28_000);
  const steps = folding(text);
  let pieces = 1;
  while (!steps.next().done) pieces += 1;
  assert.ok(text.length / pieces <= 20_000, `${pieces} pieces`);
});
