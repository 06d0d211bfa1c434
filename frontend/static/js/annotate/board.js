/** What stands around the item: label buttons with their keys, the guide. */
import { labelAt, shownKey } from "./keys.js";

/** @returns {HTMLElement[]} */
export const labelButtons = () =>
  [...document.querySelectorAll("[data-label]")].map(asElement);
const asElement = (/** @type {Element} */ node) => /** @type {HTMLElement} */ (node);

/** @param {string} action @param {boolean} isPressed */
export const setPressed = (action, isPressed) =>
  document
    .querySelector(`[data-do=${action}]`)
    ?.setAttribute("aria-pressed", String(isPressed));

/** Show which labels are chosen, and which the typed beginning of a code may mean. @param {string[]} chosen @param {string} typed */
export const drawLabels = (chosen, typed) => {
  for (const button of labelButtons()) {
    const isChosen = chosen.includes(button.dataset["label"] ?? "");
    const code = button.querySelector("kbd")?.textContent ?? "";
    button.classList.toggle("chosen", isChosen);
    button.classList.toggle("begun", typed !== "" && code.startsWith(typed));
    button.setAttribute("aria-pressed", String(isChosen));
  }
};

/** Ask whether it is this label, in the place of all of them. @param {string | undefined} label @param {Map<string, string>} hues */
export const drawQuestion = (label, hues) => {
  const place = document.getElementById("question");
  if (!place) return;
  place.hidden = label === undefined;
  if (label === undefined) return;
  place.className = `question ${hues.get(label) ?? ""}`;
  const name = place.querySelector("b");
  if (name) name.textContent = label;
};

/** Write on each button the key that presses it. @param {Map<string, string>} map @param {import("./keys.js").Preferences} keys */
export const showKeys = (map, keys) => {
  const codes = new Map([...map].map(([code, label]) => [label, code]));
  const free = (/** @type {string} */ key) =>
    labelAt(map, key) === undefined ? key : "";
  for (const node of document.querySelectorAll("[data-label], [data-do]")) {
    const button = asElement(node);
    const { label, do: action } = button.dataset;
    const shown = button.querySelector("kbd:not([data-fixed])");
    const key =
      label === undefined ? keys.actions[action ?? ""] : (codes.get(label) ?? "");
    const isFree = label !== undefined || (key !== undefined && free(key) !== "");
    if (!shown) continue;
    // Until now the button has kept a key's place, so that nothing moves.
    shown.textContent = keys.isOn && key && isFree ? shownKey(key) : "";
    asElement(shown).hidden = shown.textContent === "";
  }
};

/** Show or hide the guide: beside the item, or on a phone above it. */
export const toggleGuide = () => {
  const { classList } = document.body;
  const isShown = matchMedia("(max-width: 760px)").matches
    ? classList.toggle("show-guide")
    : !classList.toggle("no-guide");
  setPressed("guide", isShown);
};

/** Mark a guideline that has changed since this person last saw it. @param {string} name */
export const markVersion = (name) => {
  const chip = document.getElementById("version");
  const version = chip?.dataset["version"] ?? "";
  const seen = localStorage.getItem(`${name}-guideline`) ?? version;
  chip?.classList.toggle("gold", seen !== version);
  localStorage.setItem(`${name}-guideline`, version);
};
