import assert from "node:assert/strict";
import { test } from "node:test";
import * as feed from "../../frontend/static/js/annotate/feed.js";

const answer = (more = {}) => ({ reason: "", isMore: true, isAllSent: true, renewal: 60_000, ...more });
const low = { isLow: true, isAtWork: true };
const full = { isLow: false, isAtWork: true };

test("a page that runs low asks, and never twice at a time", () => {
  const f = feed.start();
  assert.equal(feed.isDue(f, 0, low), true);
  assert.equal(feed.isDue(feed.asking(f, 0), 0, low), false);
});

test("a page that holds enough asks for nothing", () => {
  assert.equal(feed.isDue(feed.start(), 1e12, full), false);
});

test("where nothing new comes, the page looks again later and later, within bounds", () => {
  let f = feed.start();
  const pauses = Array.from({ length: 10 }, () => {
    f = feed.came(f, 1000, answer({ isMore: false }));
    return f.nextLook - 1000;
  });
  assert.deepEqual(pauses.slice(0, 3), [3000, 4500, 6750]);
  assert.equal(pauses.at(-1), 30_000);
  assert.equal(feed.isDue(f, f.nextLook - 1, low), false);
  assert.equal(feed.isDue(f, f.nextLook, low), true);
});

test("something new, or a wish, ends the pause", () => {
  const f = feed.came(feed.start(), 0, answer({ isMore: false, reason: "all_lent" }));
  assert.equal(f.reason, "all_lent");
  assert.equal(feed.isDue(feed.eager(f), 1, low), true);
  const next = feed.came(f, 1, answer());
  assert.equal(feed.isDue(next, 1, low), true);
  assert.equal(next.pause, feed.SOON);
  assert.equal(next.reason, "");
});

test("leases are renewed in time, but not for somebody who is away", () => {
  const f = feed.came(feed.start(), 0, answer());
  assert.equal(feed.isDue(f, 59_999, full), false);
  assert.equal(feed.isDue(f, 60_000, full), true);
  assert.equal(feed.isDue(f, 60_000, { isLow: false, isAtWork: false }), false);
});

test("a renewal without an answer is tried again after half a minute", () => {
  const f = feed.failed(feed.asking(feed.came(feed.start(), 0, answer()), 60_000), "offline");
  assert.equal(feed.isDue(f, 89_999, full), false);
  assert.equal(feed.isDue(f, 90_000, full), true);
});

test("a trouble stays until everything is sent", () => {
  const f = feed.failed(feed.asking(feed.start(), 0), "offline");
  assert.equal(f.trouble, "offline");
  assert.equal(f.isFetching, false);
  assert.equal(feed.came(f, 0, answer({ isAllSent: false })).trouble, "offline");
  assert.equal(feed.came(f, 0, answer()).trouble, "");
});

test("sending is tried again later and later, and soon after it went well", () => {
  let f = feed.start();
  const waits = Array.from({ length: 8 }, () => {
    f = feed.unsent(f, "failing");
    return f.wait;
  });
  assert.deepEqual(waits.slice(0, 2), [3000, 4500]);
  assert.equal(waits.at(-1), 15_000);
  assert.equal(f.trouble, "failing");
  assert.equal(feed.sent(f, true).wait, feed.SOON);
  assert.equal(feed.sent(f, true).trouble, "");
});

test("that nothing had to be sent does not end a trouble", () => {
  const f = feed.failed(feed.start(), "refused");
  assert.equal(feed.sent(f, false).trouble, "refused");
});
