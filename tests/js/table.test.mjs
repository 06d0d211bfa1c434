import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { besideOf } from "../../frontend/static/js/annotate/beside.js";
import { inOrder, isLong, kindOf, momentOf, wordsOf } from "../../frontend/static/js/annotate/cells.js";
import { parted } from "../../frontend/static/js/annotate/table.js";

// The server tells kinds by the same cases.
const cases = new URL("../cells.json", import.meta.url);
/** @type {Record<string, unknown[]>} */
const kinds = JSON.parse(readFileSync(cases, "utf-8"));
kinds.none.push(undefined);

for (const [kind, values] of Object.entries(kinds)) {
  test(`a value that is ${kind} is told by how it is written`, () => {
    for (const value of values) assert.equal(kindOf(value), kind, JSON.stringify(value));
  });
}

/** @type {[unknown, string][]} */
const shown = JSON.parse(readFileSync(new URL("../cells-shown.json", import.meta.url), "utf-8"));

test("values are shown as they came", () => {
  for (const [value, words] of shown) assert.equal(wordsOf(value), words);
});

/** A part, how often it is repeated, and whether that is long. @type {[string, number, boolean][]} */
const long = JSON.parse(readFileSync(new URL("../cells-long.json", import.meta.url), "utf-8"));

test("what is long here is shortened by the server too", () => {
  for (const [part, times, is] of long) assert.equal(isLong(part.repeat(times)), is, part);
});

test("pinned columns come first, in the order of the data; those that are not here do not", () => {
  assert.deepEqual(parted(["a", "b", "c"], ["c", "gone", "a"]), [["a", "c"], ["b"]]);
});

/** @type {{type: string, names: string[], data: object, metadata: object, shown: [string, unknown][]}[]} */
const beside = JSON.parse(readFileSync(new URL("../beside.json", import.meta.url), "utf-8"));

test("beside an item stands what the project names, as the server chooses it", () => {
  for (const { type, names, data, metadata, shown } of beside) {
    const item = /** @type {any} */ ({ data, metadata });
    assert.deepEqual(besideOf(item, names, type), shown);
  }
});

/** The server reads the same: words, and the moment that they name. @type {[string, string | null][]} */
const moments = JSON.parse(readFileSync(new URL("../moments.json", import.meta.url), "utf-8"));

test("a time that names its zone is a moment; others stand as they came", () => {
  for (const [words, moment] of moments)
    assert.equal(momentOf(words)?.toISOString() ?? null, moment, words);
});

test("columns stand as the project orders them, new ones behind", () => {
  const keys = Object.keys({ year: 1, 2021: 2, 2020: 3, "new": 4 });
  assert.deepEqual(keys, ["2020", "2021", "year", "new"]);
  assert.deepEqual(inOrder(keys, ["year", "2021", "2020"]), ["year", "2021", "2020", "new"]);
});
