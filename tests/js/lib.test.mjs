import assert from "node:assert/strict";
import { test } from "node:test";
import { fold } from "../../frontend/static/js/lib/fold.js";
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
