import assert from "node:assert/strict";
import { test } from "node:test";
import { suggestionText } from "../../frontend/static/js/annotate/view.js";

test("one suggested label comes with its confidence, or a score", () => {
  const suggestion = { label: "red", labels: ["red"], confidence: 0.914 };
  assert.equal(suggestionText(suggestion), "The model suggests red (score 91)");
  assert.equal(suggestionText({ ...suggestion, calibrated: true }), "The model suggests red (91 %)");
});

test("c11 of several labels each comes with its own, the likeliest first", () => {
  const probabilities = { blue: 0.6, red: 0.92 };
  const suggestion = { label: "red", labels: ["blue", "red"], probabilities, confidence: 0.55, calibrated: true };
  assert.equal(suggestionText(suggestion), "The model suggests red (92 %), blue (60 %)");
});

test("c11 that no label is suggested is said", () => {
  const suggestion = { label: "", labels: [], probabilities: {}, confidence: 0.8 };
  assert.equal(suggestionText(suggestion), "The model suggests none of the labels (score 80)");
});

test("a source from outside is named, with its score where it gives one", () => {
  const suggestion = { label: "red", labels: ["red"], confidence: 0.914, calibrated: false, source: "llm" };
  assert.equal(suggestionText(suggestion), "llm suggests red (score 91)");
  assert.equal(suggestionText({ ...suggestion, confidence: null }), "llm suggests red");
  assert.equal(suggestionText({ ...suggestion, label: "", labels: [] }), "llm suggests none of the labels (score 91)");
  const several = { ...suggestion, labels: ["blue", "red"], probabilities: { blue: 0.6, red: 0.9 } };
  assert.equal(suggestionText(several), "llm suggests blue, red (score 91)");
});
