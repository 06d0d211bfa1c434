/** Which key means what. Labels have their own keys, else digits, else two digits. */
import { t } from "./words.js";

const DIGITS = [..."1234567890"];
/** Letters that no action has, for where labels are named by digits. */
const SPARE = [..."abdeijklopqrtw"];
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

/** @typedef {{name: string, key: string}} Label */

/**
 * The key that a label has for itself: the one it was given, else its name where that is
 * one character. A key that is the name of another label would say the wrong thing.
 * @param {Label} label @param {Set<string>} names
 */
const ownKey = ({ name, key }, names) => {
  const isAnothers = [key.toLowerCase(), key.toUpperCase()].some(
    (form) => form !== name && names.has(form),
  );
  if (key && (key === name || !isAnothers)) return key;
  if ([...name].length !== 1) return "";
  const small = name.toLowerCase();
  return names.has(small) ? name : small;
};

/**
 * The keys of all labels: first their own, then the free digits in their order. Where
 * these are too few, or a label is named by two digits, two keys after each other.
 * @param {Label[]} labels @returns {Map<string, string>} code → label
 */
export const keymap = (labels) => {
  const names = new Set(labels.map(({ name }) => name));
  const own = new Map(labels.map((label) => [label.name, ownKey(label, names)]));
  const taken = [...own.values()].filter(Boolean);
  const isFree = (/** @type {string} */ key) => !taken.includes(key);
  const digits = DIGITS.filter(isFree);
  const rest = labels.map(({ name }) => name).filter((name) => !own.get(name));
  const isPlain =
    rest.length <= digits.length && !rest.some((name) => /^\d\d$/.test(name));
  const first = digits[9] ? digits : [...digits, ...SPARE.filter(isFree)];
  const codes = isPlain ? digits : first.flatMap((a) => DIGITS.map((b) => a + b));
  const unnamed = codes.filter((code) => !rest.includes(code));
  const pairs = labels.map(({ name }) => {
    const code = own.get(name) || (codes.includes(name) ? name : unnamed.shift());
    return /** @type {[string, string]} */ ([code ?? "", name]);
  });
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
