/** Shows further columns beside an item, where the project names some. */
import { opensLong, rowOf } from "./cells.js";
import { make } from "./view.js";

/** What of an item stands beside it, as templatetags/cells.py chooses it. @param {import("./state.js").Item} item @param {string[]} names @param {string} type @returns {[string, unknown][]} */
export const besideOf = ({ data, metadata }, names, type) => {
  const isTable = type === "table";
  const further = isTable ? metadata : { ...metadata, ...data };
  return names
    .filter(
      (name) => Object.hasOwn(further, name) && !(isTable && Object.hasOwn(data, name)),
    )
    .map((name) => /** @type {[string, unknown]} */ ([name, further[name]]))
    .filter(([, value]) => value !== null && value !== "");
};

/** Return how the named columns of an item are drawn. @param {HTMLElement} place @param {string[]} names @param {string} type */
export const makeBeside = (place, names, type) => {
  // A table opens its long cells itself.
  if (type !== "table") opensLong(place);
  return (/** @type {import("./state.js").Item} */ item) => {
    const rows = besideOf(item, names, type).map(([name, value]) => rowOf(name, value));
    if (rows.length === 0) return undefined;
    const table = make("table", undefined, "cells");
    table.append(...rows);
    const node = make("div", undefined, "beside");
    node.append(table);
    return node;
  };
};
