/** Search in the item: places are marked over the text, which stays as it is. */
import { fold } from "../lib/fold.js";

/** Letters that are folded without a pause. */
const PIECE_LENGTH = 16_384;
/** Milliseconds without a pause. */
const SLICE_TIME = 8;
/** Places that are marked on either side of the one that is shown. */
const MOST_MARKED = 1000;

/** @type {Map<string, string>} */
const folds = new Map();
/** @param {string} point */
const folded = (point) => {
  const known = folds.get(point);
  if (known !== undefined) return known;
  const letters = fold(point);
  folds.set(point, letters);
  return letters;
};

/**
 * A text as it is compared, and at which unit of the text each unit of it began.
 * @typedef {{units: string, starts: number[], length: number}} Folded
 */

/** Fold a text piece by piece, with a pause between. @param {string} text @returns {Generator<undefined, Folded>} */
export function* folding(text) {
  /** @type {number[]} */
  const starts = [];
  let units = "";
  let at = 0;
  while (at < text.length) {
    let end = Math.min(at + PIECE_LENGTH, text.length);
    // Not through the middle of a surrogate pair.
    if ((text.codePointAt(end - 1) ?? 0) > 0xffff) end += 1;
    for (const point of text.slice(at, end)) {
      const letters = folded(point);
      for (let unit = 0; unit < letters.length; unit += 1) starts.push(at);
      units += letters;
      at += point.length;
    }
    yield;
  }
  return { units, starts, length: text.length };
}

/** Where the words stand, each place with all marks of its last letter. @param {Folded} text @param {string} query @returns {Generator<undefined, [number, number][]>} */
export function* matching({ units, starts, length }, query) {
  const words = fold(query);
  /** @type {[number, number][]} */
  const spans = [];
  let at = words === "" ? -1 : units.indexOf(words);
  while (at !== -1) {
    let end = at + words.length;
    while (end < starts.length && starts[end] === starts[end - 1]) end += 1;
    spans.push([starts[at] ?? 0, starts[end] ?? length]);
    if (spans.length % MOST_MARKED === 0) yield;
    at = units.indexOf(words, end);
  }
  return spans;
}

/** Do it in slices of a few milliseconds, unless it is not wanted any more. @template T @param {Generator<undefined, T>} steps @param {() => boolean} isWanted @returns {Promise<T | undefined>} */
const gently = async (steps, isWanted) => {
  let until = performance.now() + SLICE_TIME;
  while (isWanted()) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() < until) continue;
    await new Promise((go) => setTimeout(go));
    until = performance.now() + SLICE_TIME;
  }
  return undefined;
};

/** Texts of the item, not of its buttons. @param {HTMLElement} item */
export const texts = (item) => {
  const place = item.querySelector("article, table");
  /** @type {Text[]} */
  const nodes = [];
  if (place === null) return nodes;
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = /** @type {Text} */ (walker.currentNode);
    if (!node.parentElement?.closest("button")) nodes.push(node);
  }
  return nodes;
};

/** @typedef {{node: Text, from: number, to: number}} Place */
/** @param {Place} place */
const rangeOf = ({ node, from, to }) => {
  const range = new Range();
  range.setStart(node, from);
  range.setEnd(node, to);
  return range;
};

/** Mark places, where the browser can. @param {string} name @param {Place[]} places */
export const mark = (name, places) => {
  if (!globalThis.CSS?.highlights) return;
  const made = new Highlight(...places.map(rangeOf));
  made.priority = name === "place" ? 1 : 0;
  CSS.highlights.set(name, made);
};

/** @typedef {{open: () => void, step: (by: number) => void}} Search */

/** @param {HTMLFormElement} form @param {HTMLElement} item @returns {Search} */
export const makeSearch = (form, item) => {
  const field = /** @type {HTMLInputElement} */ (form.querySelector("input"));
  const count = /** @type {HTMLOutputElement} */ (form.querySelector("output"));
  /** @type {WeakMap<Text, Folded>} */
  const known = new WeakMap();
  /** @type {Place[]} */
  let places = [];
  let at = 0;
  let newest = 0;

  const draw = () => {
    mark("places", places.slice(Math.max(0, at - MOST_MARKED), at + MOST_MARKED));
    mark("place", places.slice(at, at + 1));
    const { none = "", count: words = "" } = form.dataset;
    const tally = words
      .replace("{at}", String(at + 1))
      .replace("{count}", String(places.length));
    const isAny = places.length > 0;
    count.textContent = field.value === "" ? "" : isAny ? tally : none;
    form.classList.toggle("none", field.value !== "" && !isAny);
  };

  /** Bring the place into view: out of a shortened cell, into the middle. */
  const show = () => {
    const place = places[at];
    if (place === undefined) return;
    const more = place.node.parentElement?.closest("td")?.querySelector("button");
    if (more?.ariaExpanded === "false") more.click();
    const box = item.getBoundingClientRect();
    const where = rangeOf(place).getBoundingClientRect();
    if (where.top < box.top + box.height / 4 || where.bottom > box.bottom - 24)
      item.scrollTop += where.top - box.top - box.height / 2;
  };

  const look = async (isShown = true) => {
    newest += 1;
    const own = newest;
    const isWanted = () => own === newest && !form.hidden;
    /** @type {Place[]} */
    const matches = [];
    for (const node of texts(item)) {
      const text = known.get(node) ?? (await gently(folding(node.data), isWanted));
      const spans = text && (await gently(matching(text, field.value), isWanted));
      if (!spans) return;
      known.set(node, text);
      for (const [from, to] of spans) matches.push({ node, from, to });
    }
    if (!isWanted()) return;
    places = matches;
    at = 0;
    draw();
    if (isShown) show();
  };

  /** @param {number} by */
  const step = (by) => {
    if (form.hidden || places.length === 0) return;
    at = (at + by + places.length) % places.length;
    draw();
    show();
  };

  // The next item is searched for the same words, but shown from its beginning.
  const watch = new MutationObserver(() => look(false));

  const close = () => {
    watch.disconnect();
    field.blur();
    form.hidden = true;
    places = [];
    draw();
  };

  field.addEventListener("input", () => look());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // The keys belong to the labels again, and to the next place.
    if (places.length > 0) field.blur();
    step(0);
  });
  form.addEventListener("click", ({ target }) => {
    const by = target instanceof HTMLElement ? target.dataset["by"] : undefined;
    if (by === "0") close();
    else if (by) step(Number(by));
  });
  document.addEventListener(
    "keydown",
    (event) => {
      const isOurs = event.key === "Escape" && !form.hidden && !event.isComposing;
      if (!isOurs || document.querySelector("dialog[open]")) return;
      event.stopPropagation();
      close();
    },
    { capture: true },
  );

  return {
    open: () => {
      watch.observe(item, { childList: true });
      look();
    },
    step,
  };
};
