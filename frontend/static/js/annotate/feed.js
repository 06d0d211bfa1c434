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
 * @param {Feed} f @param {number} now @param {{isLow: boolean, isAtWork: boolean}} page
 */
export const isDue = (f, now, { isLow, isAtWork }) =>
  !f.isFetching && ((isLow && now >= f.nextLook) || (isAtWork && now >= f.renewAt));

/** The page asks; should no answer come, it renews later all the same. @param {Feed} f @param {number} now @returns {Feed} */
export const asking = (f, now) => ({
  ...f,
  isFetching: true,
  renewAt: now + LONGEST_PAUSE,
});

/**
 * An answer has come. Where it brings nothing new, the page looks again later and later.
 * @param {Feed} f @param {number} now
 * @param {{reason: string, isMore: boolean, isAllSent: boolean, renewal: number}} answer
 * @returns {Feed}
 */
export const came = (f, now, { reason, isMore, isAllSent, renewal }) => {
  const pause = isMore ? SOON : Math.min(LONGEST_PAUSE, f.pause * SLOWER);
  return {
    ...f,
    reason,
    pause,
    isFetching: false,
    trouble: isAllSent ? "" : f.trouble,
    nextLook: isMore ? 0 : now + pause,
    renewAt: now + renewal,
  };
};

/** No answer has come. @param {Feed} f @param {string} trouble @returns {Feed} */
export const failed = (f, trouble) => ({ ...f, trouble, isFetching: false });

/** All that waited is sent; where nothing waited, that says nothing of the server. @param {Feed} f @param {boolean} isHeard @returns {Feed} */
export const sent = (f, isHeard) => ({
  ...f,
  trouble: isHeard ? "" : f.trouble,
  wait: SOON,
});

/** What waits could not be sent: the page tries again later and later. @param {Feed} f @param {string} trouble @returns {Feed} */
export const unsent = (f, trouble) => ({
  ...f,
  trouble,
  wait: Math.min(LONGEST_WAIT, f.wait * SLOWER),
});

/** Look again at the next occasion. @param {Feed} f @returns {Feed} */
export const eager = (f) => ({ ...f, nextLook: 0 });
