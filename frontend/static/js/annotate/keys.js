/** Which key means what. Labels have their own keys, else digits, else two digits. */

const DIGITS = [..."1234567890"];
const STORE = "assay-keys";

/** @type {Record<string, string>} */
export const ACTIONS = {
  skip: " ",
  unsure: "u",
  flag: "f",
  comment: "c",
  undo: "z",
  guide: "g",
  find: "/",
  help: "?",
};

/** @param {{name: string, key: string}[]} labels @returns {Map<string, string>} code → label */
export const keymap = (labels) => {
  const own = labels.map((l) => l.key).filter(Boolean);
  const free = DIGITS.filter((k) => !own.some((key) => key.startsWith(k)));
  const without = labels.filter((l) => !l.key);
  const codes =
    without.length <= free.length
      ? free
      : free.flatMap((a) => DIGITS.map((b) => a + b));
  const given = new Map(without.map((l, n) => [l.name, codes[n] ?? ""]));
  const pairs = labels.map(
    (l) => /** @type {[string, string]} */ ([l.key || given.get(l.name) || "", l.name]),
  );
  return new Map(pairs.filter(([code]) => code !== ""));
};

/**
 * Read one key after what was typed before: a label, the beginning of a code, or neither.
 * @param {Map<string, string>} map @param {string} typed @param {string} key
 * @returns {{label?: string, typed: string}}
 */
export const read = (map, typed, key) => {
  const code = typed + key;
  const label = map.get(code);
  if (label !== undefined) return { label, typed: "" };
  const isBeginning = [...map.keys()].some((known) => known.startsWith(code));
  if (isBeginning) return { typed: code };
  return typed === "" ? { typed: "" } : read(map, "", key);
};

/** The person's own keys for the actions. @returns {{isOn: boolean, actions: Record<string, string>}} */
export const preferences = () => {
  const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
  return { isOn: kept.isOn !== false, actions: { ...ACTIONS, ...kept.actions } };
};

/** @param {{isOn: boolean, actions: Record<string, string>}} chosen */
export const prefer = (chosen) => localStorage.setItem(STORE, JSON.stringify(chosen));

/** The key as typed on this keyboard; digits also where they need shift. @param {KeyboardEvent} event */
export const keyOf = (event) =>
  /^(Digit|Numpad)\d$/.test(event.code) ? event.code.slice(-1) : event.key;
