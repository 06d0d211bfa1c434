import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.HTMLElement = class {};
globalThis.customElements = { define: () => undefined };
const { count, inZone, pause } = await import("../../frontend/static/js/lib/job-progress.js");

test("a log that is followed has the reader's times, as the page has them", () => {
  const log = "2026-11-30T23:30:05+00:00 said 2026-01-01T00:00:00+00:00\n08:00:00 of before\n";
  assert.equal(
    inZone(log, "Asia/Tokyo"),
    "08:30:05 said 2026-01-01T00:00:00+00:00\n08:00:00 of before\n",
  );
  assert.match(inZone("2026-11-30T00:10:05+00:00 said"), /^\d\d:\d\d:05 said$/);
});

test("a job is asked after a second at first, then more and more seldom", () => {
  assert.equal(pause(0), 1000);
  assert.equal(pause(50), 5000);
});

test("a count says how many of how many, or nothing", () => {
  assert.deepEqual([count(1200, 5000), count(1200, null), count(0, null)], ["1,200 / 5,000", "1,200", ""]);
});
