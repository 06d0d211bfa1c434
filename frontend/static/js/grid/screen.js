/** What the grid shows: one record of it, and how it is drawn. */
import { besideOf } from "../annotate/beside.js";
import { inOrder, plainly } from "../annotate/cells.js";
import { byId, clock, drawOutbox, hues, server, setup } from "../annotate/desk.js";
import { explanationOf, make } from "../annotate/view.js";
import { t } from "../annotate/words.js";
import * as sheet from "./sheet.js";

/** What the grid is to a screen reader while it shows items. */
const LIST = {
  role: "listbox",
  "aria-multiselectable": "true",
  "aria-labelledby": "thought",
};

/** Everything here that changes. */
export const current = {
  /** @type {sheet.Sheet | null} */
  page: null,
  /** Pages that wait, the next one first. @type {sheet.Sheet[]} */
  coming: [],
  /** @type {{page: sheet.Sheet, votes: import("../annotate/state.js").Vote[]}[]} */
  accepted: [],
  /** The beginning of a label's code. */
  typed: "",
  /** When the page came to be seen, in milliseconds. */
  shownAt: 0,
};

/** @param {import("../annotate/state.js").Item} item */
const content = ({ data, media_url }) => {
  if (media_url) {
    const image = new Image();
    image.src = media_url;
    image.alt = "";
    image.draggable = false;
    return image;
  }
  const text =
    setup.dataType === "text"
      ? String(data["text"] ?? "")
      : inOrder(Object.keys(data), setup.columns)
          .map((key) => `${key}: ${data[key]}`)
          .join("\n");
  const words = make("p", text.slice(0, 2000));
  words.dir = "auto";
  return words;
};

/** The columns beside an item: words alone, for a cell is a single choice. @param {import("../annotate/state.js").Item} item */
const columns = (item) => {
  const rows = besideOf(item, setup.beside, setup.dataType);
  if (rows.length === 0) return [];
  const node = make("p", undefined, "columns");
  node.dir = "auto";
  node.textContent = rows
    .map(([name, value]) => `${name}: ${plainly(value).slice(0, 300)}`)
    .join("\n");
  return [node];
};

/** @param {sheet.Cell} cell @param {number} n */
const newCell = (cell, n) => {
  const node = make("div", undefined, "cell");
  node.setAttribute("role", "option");
  node.dataset["at"] = String(n);
  const foot = make("small");
  foot.append(make("span"), make("span", String(n + 1), "muted"));
  const parts = [content(cell.lease.item), ...columns(cell.lease.item)];
  // Its name is the answer: what is answered is read after it.
  for (const [at, part] of parts.entries()) part.id = `cell-${n}-${at}`;
  node.setAttribute("aria-describedby", parts.map(({ id }) => id).join(" "));
  node.append(...parts, foot);
  return node;
};

/** @param {string[]} labels */
const named = (labels) => labels.join(", ") || t("none of the labels");

/** The words under a cell. @param {sheet.Sheet} page @param {sheet.Cell} cell */
const captionOf = ({ labels }, cell) => {
  if (cell.labels === null) return t("not {label}", { label: named(labels) });
  if (sheet.isSame(cell.labels, labels)) return named(labels);
  return `${named(labels)} → ${named(cell.labels)}`;
};

/** @param {sheet.Sheet} page */
const drawCells = (page) => {
  [...byId("grid").children].forEach((node, n) => {
    const cell = page.cells[n];
    if (!cell) return;
    const words = captionOf(page, cell);
    const place = node.querySelector("small span");
    if (place.textContent !== words) place.textContent = words;
    const isKept = sheet.isSame(cell.labels, page.labels);
    node.className = `cell ${hues.get(cell.labels?.[0] ?? "") ?? ""}`;
    node.classList.toggle("off", cell.labels === null);
    node.classList.toggle("other", cell.labels !== null && !isKept);
    node.setAttribute("aria-selected", String(isKept));
    node.setAttribute("aria-label", `${n + 1}: ${words}`);
    node.tabIndex = n === page.at ? 0 : -1;
    node.classList.toggle("at", n === page.at);
  });
};

export const draw = () => {
  const { page } = current;
  drawOutbox();
  byId("foot").hidden = page === null;
  byId("thought").hidden = page === null;
  if (page === null) return;
  drawCells(page);
  const label = named(page.labels);
  const { kept, corrected, left: later } = sheet.sum(page);
  byId("sum").textContent = t("{kept} as {label}", { kept, label });
  byId("changes").textContent = [
    corrected ? t("{corrected} corrected", { corrected }) : "",
    later ? t("{later} left for one by one", { later }) : "",
  ]
    .filter(Boolean)
    .join(" · ");
  byId("thought").textContent = t("all thought to be {label}", { label });
};

export const focusCell = () => byId("grid").querySelector('[tabindex="0"]')?.focus();

/** Show a page from its first cell; without one say why. @param {sheet.Sheet | null} page */
export const show = (page) => {
  const grid = byId("grid");
  clock.take();
  Object.assign(current, { page, typed: "", shownAt: performance.now() });
  grid.classList.toggle("empty", page === null);
  if (page === null) {
    for (const name of Object.keys(LIST)) grid.removeAttribute(name);
    grid.replaceChildren(...explanationOf(server.feed.trouble || server.feed.reason));
  } else {
    for (const [name, value] of Object.entries(LIST)) grid.setAttribute(name, value);
    grid.replaceChildren(...page.cells.map(newCell));
    grid.scrollTop = 0;
  }
  draw();
  if (page !== null) focusCell();
};

/** Show the next page that waits. */
export const next = () => show(current.coming.shift() ?? null);

/** @param {(page: sheet.Sheet) => sheet.Sheet} change */
export const apply = (change) => {
  if (current.page === null) return;
  current.page = change(current.page);
  draw();
};
