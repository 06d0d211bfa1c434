/** Time that somebody really looked at an item: not hidden, not idle. */

const IDLE = 30_000;

/** @param {() => number} now milliseconds */
export const makeClock = (now) => {
  let total = 0;
  let since = now();
  let isHidden = false;
  const beat = () => {
    const moment = now();
    if (!isHidden) total += Math.min(moment - since, IDLE);
    since = moment;
  };
  return {
    beat,
    hide: (/** @type {boolean} */ hidden) => {
      beat();
      isHidden = hidden;
    },
    /** Milliseconds since the person did something. */
    idle: () => now() - since,
    /** Seconds since the last call, then start over. */
    take: () => {
      beat();
      const seconds = Math.round(total) / 1000;
      total = 0;
      return seconds;
    },
  };
};
