/** Shows a row of a table: values by their kind, pinned columns first, long cells short. */
import { make } from "./view.js";

/** So many characters or lines a cell shows before it asks for more. */
const LONG = { letters: 480, lines: 6 };
/** More would leave too little room for the rest. */
const MOST_STICKY = 6;

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

/** Pinned columns first, each part in the order of the data. @param {string[]} columns @param {string[]} pinned @returns {[string[], string[]]} */
export const parted = (columns, pinned) => [
  columns.filter((column) => pinned.includes(column)),
  columns.filter((column) => !pinned.includes(column)),
];

/** Whether a cell shows no more than the beginning. @param {string} text */
export const isLong = (text) =>
  text.length > LONG.letters || text.split("\n", LONG.lines + 1).length > LONG.lines;

/** @param {string} which @returns {HTMLButtonElement} */
const button = (which) => {
  const { content } = /** @type {HTMLTemplateElement} */ (
    document.getElementById("cell-parts")
  );
  const template = content.querySelector(which);
  return /** @type {HTMLButtonElement} */ (template?.cloneNode(true));
};

/** @param {unknown} value */
const cell = (value) => {
  const text = wordsOf(value);
  const kind = kindOf(value);
  const node = make("td", undefined, kind);
  if (kind === "boolean") node.classList.add(text.toLowerCase());
  const words = make("div", text);
  words.dir = "auto";
  node.append(words);
  if (isLong(text)) {
    node.classList.add("long");
    node.append(button(".more"));
  }
  return node;
};

/**
 * Shows rows in a place; what is pinned is kept in this browser.
 * @param {HTMLElement} place @param {string} store
 */
export const makeTable = (place, store) => {
  /** @type {string[]} */
  let pinned = JSON.parse(localStorage.getItem(store) ?? "[]");

  /** @param {string} column @param {unknown} value */
  const row = (column, value) => {
    const pin = button(".pin");
    pin.dataset["column"] = column;
    // A function, not the text: "$&" in a column's name would mean the match.
    pin.title = (pin.dataset["words"] ?? "").replace("{name}", () => column);
    pin.ariaLabel = pin.title;
    pin.ariaPressed = String(pinned.includes(column));
    const head = make("th");
    head.setAttribute("scope", "row");
    const words = make("span", column);
    words.dir = "auto";
    head.append(words, pin);
    const node = make("tr");
    node.append(head, cell(value));
    return node;
  };

  /** @param {Record<string, unknown>} data */
  const table = (data) => {
    const node = make("table", undefined, "cells");
    const parts = parted(Object.keys(data), pinned);
    for (const [at, columns] of parts.entries()) {
      const body = make("tbody");
      if (at === 0) body.className = columns.length > MOST_STICKY ? "" : "pinned";
      body.append(...columns.map((column) => row(column, data[column])));
      if (columns.length > 0) node.append(body);
    }
    return node;
  };

  /** @type {Record<string, unknown>} */
  let shown = {};
  place.addEventListener("click", ({ target }) => {
    const pressed = target instanceof Element ? target.closest("button") : null;
    const cut = pressed?.matches(".more") && pressed.closest("td");
    if (pressed && cut) {
      const isOpen = cut.classList.toggle("open");
      pressed.ariaExpanded = String(isOpen);
    }
    const column = pressed?.dataset["column"];
    if (column === undefined) return;
    const isPinned = pinned.includes(column);
    pinned = pinned.filter((one) => one !== column);
    if (!isPinned) pinned.push(column);
    localStorage.setItem(store, JSON.stringify(pinned));
    place.querySelector("table")?.replaceWith(table(shown));
    const again = place.querySelector(`[data-column="${CSS.escape(column)}"]`);
    /** @type {HTMLElement | null} */ (again)?.focus();
  });

  return (/** @type {import("./state.js").Item} */ { data }) => {
    shown = data;
    return table(data);
  };
};
