/** Which key means what. Labels have their own keys, else digits, else two digits. */
import { t } from "./words.js";

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
  yes: "y",
  no: "x",
  search: "s",
  next: "n",
  more: "m",
  words: "h",
  help: "?",
  // The last one: who has given this key to something else keeps it.
  suggested: "v",
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

/**
 * @typedef {{isOn: boolean, showsPace: boolean, asksYesNo: boolean, guard: number, actions: Record<string, string>}} Preferences
 */

/** Sooner than a finger can press the same key twice, in milliseconds. */
export const BOUNCE = 35;

/** The person's own keys and habits, kept in this browser. @returns {Preferences} */
export const preferences = () => {
  const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
  return {
    isOn: kept.isOn !== false,
    showsPace: kept.showsPace === true,
    asksYesNo: kept.asksYesNo === true,
    guard: Number(kept.guard) || BOUNCE,
    actions: { ...ACTIONS, ...kept.actions },
  };
};

/** @param {Preferences} chosen */
export const prefer = (chosen) => localStorage.setItem(STORE, JSON.stringify(chosen));

/**
 * Say what is wrong with a choice of keys, or nothing.
 * @param {Record<string, string>} actions @param {Record<string, string>} [names] what people call them
 */
export const clash = (actions, names = {}) => {
  const seen = new Map();
  for (const [action, key] of Object.entries(actions)) {
    if (key === "")
      return t("“{action}” needs a key.", { action: names[action] ?? action });
    if (seen.has(key))
      return t("“{key}” is the key of two things.", { key: shownKey(key) });
    seen.set(key, action);
  }
  return "";
};

/** The label that a key belongs to here: labels go before actions. @param {Map<string, string>} map @param {string} key */
export const labelAt = (map, key) =>
  [...map].find(([code]) => code.startsWith(key))?.[1];

/** @param {string} key */
export const shownKey = (key) => (key === " " ? t("space") : key);

/**
 * What a key may mean, the likeliest first: as typed; then as on a keyboard where digits
 * need no shift, letters are Latin and caps lock is off.
 * @param {Pick<KeyboardEvent, "key" | "code">} event
 */
export const meanings = ({ key, code }) => {
  const keys = [key];
  if (/^(Digit|Numpad)\d$/.test(code)) keys.push(code.slice(-1));
  if (key.length === 1 && key.toLowerCase() !== key) keys.push(key.toLowerCase());
  if (key.length === 1 && key > "~" && /^Key[A-Z]$/.test(code))
    keys.push(code.slice(3).toLowerCase());
  return keys;
};

/** Keys that cannot be changed. @type {Record<string, string>} */
const FIXED = {
  Backspace: "undo",
  Enter: "submit",
  ArrowLeft: "earlier",
  ArrowRight: "later",
  "+": "closer",
  "=": "closer",
  "-": "farther",
  0: "fit",
};

/**
 * What a key press means here: a label, an action, the beginning of a label's code, or
 * nothing at all.
 * @param {Map<string, string>} map @param {Record<string, string>} actions
 * @param {string} typed @param {Pick<KeyboardEvent, "key" | "code">} event
 * @returns {{label?: string, action?: string, typed: string}}
 */
export const interpret = (map, actions, typed, event) => {
  for (const key of meanings(event)) {
    const meaning = read(map, typed, key);
    if (meaning.label !== undefined || meaning.typed !== "") return meaning;
    const own = Object.keys(actions).find((name) => actions[name] === key);
    const action = own ?? FIXED[key];
    if (action !== undefined) return { action, typed: "" };
  }
  return { typed: "" };
};
