/**
 * What a page of work knows of the server, as pure functions on plain objects: why there is
 * nothing to do, what keeps answers here, and when to ask again. Times are in milliseconds.
 * @typedef {{
 *   reason: string, trouble: string, isFetching: boolean,
 *   nextLook: number, pause: number, renewAt: number, wait: number,
 * }} Feed
 */

export const SOON = 2000;
const LONGEST_PAUSE = 30_000;
const LONGEST_WAIT = 15_000;
const SLOWER = 1.5;

/** @returns {Feed} */
export const start = () => ({
  reason: "",
  trouble: "",
  isFetching: false,
  nextLook: 0,
  pause: SOON,
  renewAt: Number.POSITIVE_INFINITY,
  wait: SOON,
});

/**
 * Should the page ask now: for more, or to renew its leases? Never twice at a time.
 * @param {Feed} feed @param {number} now @param {{isLow: boolean, isAtWork: boolean}} page
 */
export const isDue = (feed, now, { isLow, isAtWork }) =>
  !feed.isFetching &&
  ((isLow && now >= feed.nextLook) || (isAtWork && now >= feed.renewAt));

/** The page asks; should no answer come, it renews later all the same. @param {Feed} feed @param {number} now @returns {Feed} */
export const asking = (feed, now) => ({
  ...feed,
  isFetching: true,
  renewAt: now + LONGEST_PAUSE,
});

/**
 * An answer has come. Where it brings nothing new, the page looks again later and later.
 * @param {Feed} feed @param {number} now
 * @param {{reason: string, isMore: boolean, isAllSent: boolean, renewal: number}} answer
 * @returns {Feed}
 */
export const came = (feed, now, { reason, isMore, isAllSent, renewal }) => {
  const pause = isMore ? SOON : Math.min(LONGEST_PAUSE, feed.pause * SLOWER);
  return {
    ...feed,
    reason,
    pause,
    isFetching: false,
    trouble: isAllSent ? "" : feed.trouble,
    nextLook: isMore ? 0 : now + pause,
    renewAt: now + renewal,
  };
};

/** No answer has come. @param {Feed} feed @param {string} trouble @returns {Feed} */
export const failed = (feed, trouble) => ({ ...feed, trouble, isFetching: false });

/** All that waited is sent; where nothing waited, that says nothing of the server. @param {Feed} feed @param {boolean} isHeard @returns {Feed} */
export const sent = (feed, isHeard) => ({
  ...feed,
  trouble: isHeard ? "" : feed.trouble,
  wait: SOON,
});

/** What waits could not be sent: the page tries again later and later. @param {Feed} feed @param {string} trouble @returns {Feed} */
export const unsent = (feed, trouble) => ({
  ...feed,
  trouble,
  wait: Math.min(LONGEST_WAIT, feed.wait * SLOWER),
});

/** Look again at the next occasion. @param {Feed} feed @returns {Feed} */
export const eager = (feed) => ({ ...feed, nextLook: 0 });
