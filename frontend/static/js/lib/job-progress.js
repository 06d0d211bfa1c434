/** `<job-progress src>`: asks for a job's state until it has ended, then shows the page anew. */

/**
 * How long to wait before the next question: a second at first, then up to five.
 * @param {number} asked how often it was asked already
 */
export const pause = (asked) => Math.min(5000, 1000 * 1.3 ** asked);

/**
 * What is said of a count: "1,200 / 5,000", "1,200", or nothing.
 * @param {number} done @param {number | null} total
 */
export const count = (done, total) => {
  const written = (/** @type {number} */ n) =>
    n.toLocaleString(globalThis.document?.documentElement.lang || "en");
  if (total) return `${written(done)} / ${written(total)}`;
  return done ? written(done) : "";
};

/**
 * A log with the reader's times, as the page has them.
 * @param {string} log @param {string} [timeZone]
 */
export const inZone = (log, timeZone) =>
  log.replace(/^\d{4}-\d\d-\d\dT\S+/gm, (at) =>
    new Date(at).toLocaleTimeString("en-GB", timeZone ? { timeZone } : {}),
  );

export class JobProgress extends HTMLElement {
  #asked = 0;
  /** @type {number | undefined} */
  #timer;

  connectedCallback() {
    this.#timer = window.setTimeout(() => this.#ask(), 700);
  }
  disconnectedCallback() {
    window.clearTimeout(this.#timer);
  }

  async #ask() {
    try {
      const answer = await fetch(this.getAttribute("src") ?? "", {
        headers: { Accept: "application/json" },
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const job = await answer.json();
      if (job.finished_at) {
        window.location.reload();
        return;
      }
      this.#draw(job);
    } catch {
      this.#say("note", this.dataset["lost"] ?? "");
    }
    this.#asked += 1;
    this.#timer = window.setTimeout(() => this.#ask(), pause(this.#asked));
  }

  /** @param {{stage: string, done: number, total: number | null, percent: number | null, state: string, log: string}} job */
  #draw(job) {
    this.#say("note", "");
    if (job.stage) this.#say("stage", job.stage);
    this.#say("count", count(job.done, job.total));
    const bar = this.querySelector("progress");
    if (bar && job.percent !== null) {
      bar.max = 100;
      bar.value = job.percent;
    }
    const log = document.getElementById("log");
    if (log && job.log) log.textContent = inZone(job.log);
  }

  /** @param {string} part @param {string} words */
  #say(part, words) {
    const place = this.querySelector(`[data-part=${part}]`);
    if (place && place.textContent !== words) place.textContent = words;
  }
}
customElements.define("job-progress", JobProgress);
