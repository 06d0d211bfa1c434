import assert from "node:assert/strict";
import { test } from "node:test";
import { placesOf } from "../../frontend/static/js/annotate/influence.js";

test("words are marked whole, wherever they stand and in any case", () => {
  const text = "Refund! No refunds; ÉTÉ, été_x, 返金 and refund.";
  const found = placesOf(text, ["refund", "été", "返金"]).map(([from, to]) => text.slice(from, to));
  assert.deepEqual(found, ["Refund", "ÉTÉ", "返金", "refund"]);
  assert.deepEqual(placesOf(text, []), []);
});
