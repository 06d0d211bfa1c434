/** A cell of an item: its value by its kind. */
import { make } from "./view.js";

/** How many characters or lines a cell shows before a button shows the rest. */
const LONG = { letters: 480, lines: 6 };

const KINDS = /** @type {[string, RegExp][]} */ ([
  // Not what begins with a zero: that is a code of something.
  ["number", /^[+-]?(0|[1-9]\d*|[1-9]\d{0,2}(,\d{3})+)?(\.\d+)?(?<=\d)(e[+-]?\d+)?$/i],
  ["boolean", /^(true|false)$/i],
  ["date", /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/],
  ["link", /^https?:\/\/\S+$/i],
]);

/** What a value is, as templatetags/cells.py tells it; files without types have all of them as text. @param {unknown} value */
export const kindOf = (value) => {
  if (value === null || value === undefined || value === "") return "none";
  if (typeof value === "object") return "nested";
  return KINDS.find(([, form]) => form.test(String(value)))?.[0] ?? "text";
};

/** The value in words, none of them ours. @param {unknown} value */
export const wordsOf = (value) => {
  const kind = kindOf(value);
  if (kind === "none") return "–";
  return kind === "nested" ? JSON.stringify(value, null, 2) : String(value);
};

/** Columns as the project orders them; an object here has those that are numbers first. @param {string[]} columns @param {string[]} order */
export const inOrder = (columns, order) => {
  const places = new Map(order.map((column, place) => [column, place]));
  const placeOf = (/** @type {string} */ column) => places.get(column) ?? order.length;
  return [...columns].sort((a, b) => placeOf(a) - placeOf(b));
};

/** Whether a cell shows no more than the beginning. @param {string} text */
export const isLong = (text) =>
  text.length > LONG.letters || text.split("\n", LONG.lines + 1).length > LONG.lines;

/** @param {string} which @returns {HTMLButtonElement} */
export const button = (which) => {
  const { content } = /** @type {HTMLTemplateElement} */ (
    document.getElementById("cell-parts")
  );
  const template = content.querySelector(which);
  return /** @type {HTMLButtonElement} */ (template?.cloneNode(true));
};

/** An address opens beside the station, and learns nothing of it. @param {string} address */
const link = (address) => {
  const node = document.createElement("a");
  node.href = address;
  node.target = "_blank";
  node.rel = "noopener noreferrer nofollow";
  node.textContent = address;
  return node;
};

/** The moment that words name, if they name one and its zone. @param {string} words */
export const momentOf = (words) => {
  if (kindOf(words) !== "date" || !/(Z|[+-]\d\d:?\d\d)$/.test(words.slice(10)))
    return undefined;
  // Browsers read only one way to write it.
  const form = words.replace(" ", "T").replace(/([+-]\d\d)(\d\d)$/, "$1:$2");
  const moment = new Date(form);
  // Some browsers take February 30 for March 2.
  const isDay =
    new Date(`${form.slice(0, 10)}T00:00Z`).getUTCDate() === +form.slice(8, 10);
  return Number.isNaN(moment.getTime()) || !isDay ? undefined : moment;
};

/** A moment in the reader's zone, which it names. @param {Date} moment */
const timeInWords = (moment) => {
  const { lang } = document.documentElement;
  // In the way of the pages: the day first, 24 hours.
  return moment.toLocaleString(lang === "en" ? "en-GB" : lang, {
    ...{ day: "numeric", month: "short", year: "numeric" },
    ...{ hour: "2-digit", minute: "2-digit", timeZoneName: "short" },
  });
};

/** @param {Date} moment @param {string} words */
const time = (moment, words) => {
  const node = document.createElement("time");
  node.dateTime = moment.toISOString();
  node.title = words;
  node.textContent = timeInWords(moment);
  return node;
};

/** What shows a value of a kind. @param {string} text @param {string} kind */
const shownAs = (text, kind) => {
  if (kind === "link") return link(text);
  const moment = momentOf(text);
  return moment ? time(moment, text) : text;
};

/** A value as plain words, where nothing can be pressed or opened. @param {unknown} value */
export const plainly = (value) => {
  const words = wordsOf(value);
  const moment = momentOf(words);
  return moment ? timeInWords(moment) : words;
};

/** A row: the name of a column, what stands behind it, and its value. @param {string} name @param {unknown} value @param {Node[]} behind */
export const rowOf = (name, value, ...behind) => {
  const head = make("th");
  head.setAttribute("scope", "row");
  const words = make("span", name);
  words.dir = "auto";
  head.append(words, ...behind);
  const node = make("tr");
  node.append(head, cell(value));
  return node;
};

/** @param {unknown} value */
const cell = (value) => {
  const text = wordsOf(value);
  const kind = kindOf(value);
  const node = make("td", undefined, kind);
  if (kind === "boolean") node.classList.add(text.toLowerCase());
  const words = make("div");
  words.dir = "auto";
  words.append(shownAs(text, kind));
  node.append(words);
  if (isLong(text)) {
    node.classList.add("long");
    node.append(button(".more"));
  }
  return node;
};

/** Long cells of a place open and close by their buttons. @param {HTMLElement} place */
export const opensLong = (place) =>
  place.addEventListener("click", ({ target }) => {
    const pressed = target instanceof Element ? target.closest("button.more") : null;
    const cut = pressed?.closest("td");
    if (pressed && cut) pressed.ariaExpanded = String(cut.classList.toggle("open"));
  });
