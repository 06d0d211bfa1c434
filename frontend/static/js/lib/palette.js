/** The commands: what the page offers by button and link, and one's other projects. */
import { fold } from "./fold.js";

/**
 * @typedef {{group: string, words: string, hint: string, key: string, run: () => void}} Command
 */

const root = () => document.documentElement.dataset.prefix ?? "";

/** How well a command fits: its beginning, a word's beginning, anywhere, not at all. @param {Command} command @param {string[]} asked */
const rank = ({ words, hint, group }, asked) => {
  const text = fold(words);
  const all = [text, fold(hint), fold(group)].join(" ");
  if (!asked.every((word) => all.includes(word))) return 3;
  const [first = ""] = asked;
  if (text.startsWith(first)) return 0;
  return ` ${text}`.includes(` ${first}`) ? 1 : 2;
};

/** The commands that fit, those that fit best first, each group in one piece. @param {Command[]} commands @param {string} query */
export const fitting = (commands, query) => {
  const asked = fold(query).split(/\s+/).filter(Boolean);
  const ranked = commands
    .map((command) => ({ command, place: rank(command, asked) }))
    .filter(({ place }) => place < 3)
    .sort((a, b) => a.place - b.place)
    .map(({ command }) => command);
  const groups = new Set(ranked.map(({ group }) => group));
  return [...groups].flatMap((group) =>
    ranked.filter((command) => command.group === group),
  );
};

/** What stands on a button, without its key. @param {HTMLElement} node */
const caption = (node) => {
  const copy = /** @type {HTMLElement} */ (node.cloneNode(true));
  for (const part of copy.querySelectorAll("kbd, textarea")) part.remove();
  const text = node.getAttribute("aria-label") ?? copy.textContent ?? "";
  return text.replaceAll(/\s+/g, " ").trim();
};

/** What can be pressed on this page. @param {DOMStringMap} names @returns {Command[]} */
const pressed = (names) => {
  const nodes = document.querySelectorAll(
    "main [data-label], main [data-key], [data-do], main a.btn, .bar a.btn",
  );
  return [...nodes].flatMap((element) => {
    const node = /** @type {HTMLButtonElement} */ (element);
    const shown = node.closest("label") ?? node;
    if (!shown.checkVisibility() || node.disabled || node.closest("dialog")) return [];
    const { label } = node.dataset;
    const key = shown.querySelector("kbd");
    return {
      group: (label === undefined ? names["here"] : names["labels"]) ?? "",
      words: label ?? caption(shown),
      hint: "",
      key: key?.hidden ? "" : (key?.textContent ?? ""),
      run: () => (node.matches("textarea") ? node.focus() : node.click()),
    };
  });
};

/** The pages that this person may open; the narrower name of two counts. @param {HTMLDialogElement} palette @returns {Command[]} */
const pages = (palette) => {
  const links = palette.querySelector("template")?.content.querySelectorAll("a") ?? [];
  const byPath = new Map(
    [...links].map((link) => [link.getAttribute("href") ?? "", link]),
  );
  return [...byPath].map(([path, link]) => ({
    group: palette.dataset["pages"] ?? "",
    words: caption(link),
    hint: link.closest("nav")?.getAttribute("aria-label") ?? "",
    key: "",
    run: () => location.assign(path),
  }));
};

/** What the palette holds and shows. */
const current = {
  /** @type {Command[] | undefined} */
  others: undefined,
  /** @type {Command[]} */
  commands: [],
  /** @type {Command[]} */
  shown: [],
  at: 0,
  isListening: false,
};

/** One's other projects. @param {DOMStringMap} names @returns {Promise<Command[]>} */
const projects = async (names) => {
  const answer = await fetch(`${root()}/api/projects/?limit=200`, {
    headers: { Accept: "application/json" },
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const rows = /** @type {{slug: string, name: string}[]} */ (
    (await answer.json()).results
  );
  return rows
    .filter(({ slug }) => slug !== names["slug"])
    .map(({ slug, name }) => ({
      group: names["projects"] ?? "",
      words: name,
      hint: "",
      key: "",
      run: () => location.assign(`${root()}/projects/${encodeURIComponent(slug)}/`),
    }));
};

/** @param {string} tag @param {string} text @param {Record<string, string>} attributes */
const make = (tag, text, attributes) => {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes))
    node.setAttribute(name, value);
  return node;
};

/** @param {Command} command @param {number} number */
const option = ({ words, hint, key }, number) => {
  const node = make("div", "", { role: "option", id: `palette-${number}` });
  const text = make("span", words, { dir: "auto" });
  node.append(text, make("small", hint, {}));
  if (key) node.append(make("kbd", key, {}));
  return node;
};

/** @param {HTMLDialogElement} palette */
const mark = (palette) => {
  const options = [...palette.querySelectorAll("[role=option]")];
  options.forEach((node, number) => {
    node.setAttribute("aria-selected", String(number === current.at));
  });
  options[current.at]?.scrollIntoView({ block: "nearest" });
  const field = palette.querySelector("input");
  field?.setAttribute("aria-activedescendant", options[current.at]?.id ?? "");
};

/** @param {HTMLDialogElement} palette */
const draw = (palette) => {
  const list = palette.querySelector("[role=listbox]");
  const status = palette.querySelector("[role=status]");
  current.shown = fitting(
    current.commands,
    palette.querySelector("input")?.value ?? "",
  );
  current.at = 0;
  const groups = new Map();
  current.shown.forEach((command, number) => {
    const { group } = command;
    if (!groups.has(group)) {
      const head = make("small", group, { "aria-hidden": "true" });
      groups.set(group, make("div", "", { role: "group", "aria-label": group }));
      groups.get(group).append(head);
    }
    groups.get(group).append(option(command, number));
  });
  list?.replaceChildren(...groups.values());
  if (status)
    status.textContent =
      current.shown.length > 0 ? "" : (palette.dataset["none"] ?? "");
  mark(palette);
};

/** Close, so that the focus is where it was, and do it. @param {HTMLDialogElement} palette @param {number} number */
const run = (palette, number) => {
  const chosen = current.shown[number];
  if (chosen === undefined) return;
  palette.close();
  chosen.run();
};

/** @param {HTMLDialogElement} palette */
const listen = (palette) => {
  palette.addEventListener("input", () => draw(palette));
  palette.addEventListener("keydown", (event) => {
    // None of these keys is for the page below.
    event.stopPropagation();
    if (event.isComposing) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
    if (by === 0 && event.key !== "Enter") return;
    event.preventDefault();
    if (by === 0) return event.repeat || choose(palette);
    current.at = (current.at + by + current.shown.length) % (current.shown.length || 1);
    mark(palette);
  });
  palette.addEventListener("click", ({ target }) => {
    const node = target instanceof Element ? target.closest("[role=option]") : null;
    if (node) run(palette, Number(node.id.slice("palette-".length)));
    else if (target === palette) palette.close();
  });
  palette.addEventListener("close", () => {
    const field = palette.querySelector("input");
    if (field) field.value = "";
  });
};

/** Take what Enter takes. @param {HTMLDialogElement} palette */
export const choose = (palette) => run(palette, current.at);

/** List what can be done here and current. @param {HTMLDialogElement} palette */
export const fill = async (palette) => {
  if (!current.isListening) listen(palette);
  current.isListening = true;
  current.commands = [
    ...pressed(palette.dataset),
    ...pages(palette),
    ...(current.others ?? []),
  ];
  draw(palette);
  if (current.others !== undefined) return;
  current.others = await projects(palette.dataset);
  current.commands = [...current.commands, ...current.others];
  if (palette.open) draw(palette);
};
