import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOf, parted, said } from "../../frontend/static/js/annotate/table.js";

const kinds = {
  number: [0, -1.5, "0", "12", "-3.25", "1e-9", "1,234,567.5", ".5", "+7"],
  boolean: [true, false, "TRUE", "false"],
  date: ["2026-11-21", "2026-11-21T10:00", "2026-11-21 10:00:05.5+01:00", "2026-11-21T10:00:00Z"],
  link: ["https://example.org/a?b=c", "HTTP://x"],
  none: [null, undefined, ""],
  nested: [{ a: 1 }, [1, 2], []],
  text: ["0049", "12 kg", "1.2.3", "1,23", "-", ".", "e5", "yes", "21-11-2026", "https://a b", " ", "٣"],
};

for (const [kind, values] of Object.entries(kinds)) {
  test(`a value that is ${kind} is told by how it is written`, () => {
    for (const value of values) assert.equal(kindOf(value), kind, JSON.stringify(value));
  });
}

test("values are shown as they came", () => {
  assert.deepEqual(["1,234.50", 1e21, "TRUE", null, { a: [1] }].map(said),
    ["1,234.50", "1e+21", "TRUE", "–", '{\n  "a": [\n    1\n  ]\n}']);
});

test("pinned columns come first, in the order of the data; those that are not here do not", () => {
  assert.deepEqual(parted(["a", "b", "c"], ["c", "gone", "a"]), [["a", "c"], ["b"]]);
});
