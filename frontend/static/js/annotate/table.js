/** Shows a row of a table: pinned columns first, long cells short. */
import { button, inOrder, opensLong, rowOf } from "./cells.js";
import { make } from "./view.js";

/** More would leave too little room for the rest. */
const MOST_STICKY = 6;

/** Pinned columns first, each part in the order of the data. @param {string[]} columns @param {string[]} pinned @returns {[string[], string[]]} */
export const parted = (columns, pinned) => [
  columns.filter((column) => pinned.includes(column)),
  columns.filter((column) => !pinned.includes(column)),
];

/**
 * Shows rows in a place; what is pinned is kept in this browser.
 * @param {HTMLElement} place @param {string} store @param {string[]} order
 */
export const makeTable = (place, store, order) => {
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
    return rowOf(column, value, pin);
  };

  /** @param {Record<string, unknown>} data */
  const table = (data) => {
    const node = make("table", undefined, "cells");
    const parts = parted(inOrder(Object.keys(data), order), pinned);
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
  opensLong(place);
  place.addEventListener("click", ({ target }) => {
    const pressed = target instanceof Element ? target.closest("button") : null;
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
