/** The station's dialogs: ask for words, a reason, a password, other keys. */
import { logIn } from "./api.js";
import { ACTIONS, clash, meanings, prefer, preferences, shownKey } from "./keys.js";
import { t } from "./words.js";

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

/** Is anything asked right now? */
export const isAsking = () => document.querySelector("dialog[open]") !== null;

/**
 * Ask in a dialog. The answer is given at once, before the next key is read: the words
 * of its field, else the value of the button.
 * @param {string} id @param {string} words what the field says at first
 * @param {(answer: string) => void} answered
 */
export const ask = (id, words, answered) => {
  const dialog = byId(id);
  const field = dialog.querySelector("textarea");
  if (field) field.value = words;
  dialog.querySelector("form").onsubmit = (/** @type {SubmitEvent} */ event) => {
    // Closed here and now: left to the browser, the next key might still meet the dialog.
    event.preventDefault();
    dialog.close();
    const { value } = /** @type {HTMLButtonElement} */ (event.submitter);
    if (value !== "") answered(field?.value.trim() ?? value);
  };
  dialog.showModal();
};

/** Buttons of a dialog that have keys of their own. @param {string} id */
const pressByKey = (id) => {
  byId(id).addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.repeat) return event.key === " " && event.preventDefault();
    const buttons = meanings(event).map((key) =>
      byId(id).querySelector(`button[data-key="${CSS.escape(key)}"]`),
    );
    const button = buttons.find(Boolean);
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    button.click();
  });
};

/** Ctrl+Enter keeps what is written. @param {string} id */
const submitByKey = (id) => {
  byId(id).addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    byId(id).querySelector("button.main").click();
  });
};

/** @param {string} username @param {() => void} back */
export const setUpLogin = (username, back) => {
  const dialog = byId("login");
  dialog.addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const password = dialog.querySelector("[type=password]");
    let isLoggedIn = false;
    let words = t("That did not work. Try again.");
    try {
      isLoggedIn = await logIn(username, password.value);
    } catch {
      words = t("The server does not answer. Try again in a moment.");
    }
    byId("login-error").textContent = isLoggedIn ? "" : words;
    if (!isLoggedIn) return password.select();
    password.value = "";
    dialog.close();
    back();
  });
};

/** Show a key in its field; the field remembers the key itself. @param {HTMLInputElement} field @param {string} key */
const fill = (field, key) => {
  field.dataset["is"] = key;
  field.value = shownKey(key);
};

/** @returns {HTMLInputElement[]} */
const fields = () => [...byId("help").querySelectorAll("input[data-key]")];

/** What the page calls each action. */
const names = () =>
  Object.fromEntries(
    fields().map((field) => [
      field.dataset["key"] ?? "",
      field.labels?.[0]?.textContent?.trim() ?? "",
    ]),
  );

/** Show the person's keys. */
export const showHelp = () => {
  const keys = preferences();
  for (const field of fields())
    fill(field, keys.actions[field.dataset["key"] ?? ""] ?? "");
  byId("keys-on").checked = keys.isOn;
  byId("pace-on").checked = keys.showsPace;
  if (byId("binary-on")) byId("binary-on").checked = keys.asksYesNo;
  byId("guard").value = String(keys.guard);
  byId("help-error").textContent = "";
  byId("help").showModal();
};

/** @param {() => void} changed */
const setUpHelp = (changed) => {
  for (const field of fields()) {
    field.addEventListener("keydown", (event) => {
      const isOther = ["Tab", "Enter", "Escape", "Shift"].includes(event.key);
      if (isOther || event.ctrlKey || event.metaKey || event.isComposing) return;
      event.preventDefault();
      if (event.key.length === 1) fill(field, event.key);
    });
    // Where keys do not tell themselves, as on a phone.
    field.addEventListener("input", () => fill(field, [...field.value].at(-1) ?? ""));
  }
  byId("help").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const { value } = /** @type {HTMLButtonElement} */ (event.submitter);
    if (value === "reset") {
      for (const field of fields())
        fill(field, ACTIONS[field.dataset["key"] ?? ""] ?? "");
      return;
    }
    const actions = Object.fromEntries(
      fields().map((field) => [field.dataset["key"] ?? "", field.dataset["is"] ?? ""]),
    );
    const wrong = clash(actions, names());
    byId("help-error").textContent = wrong;
    if (wrong) return;
    byId("help").close();
    prefer({
      actions,
      isOn: byId("keys-on").checked,
      showsPace: byId("pace-on").checked,
      asksYesNo: byId("binary-on")?.checked ?? preferences().asksYesNo,
      guard: Number(byId("guard").value),
    });
    changed();
  });
};

/** @param {{username: string, back: () => void, changed: () => void}} parts */
export const setUpDialogs = ({ username, back, changed }) => {
  pressByKey("skip");
  submitByKey("comment");
  submitByKey("flag");
  setUpLogin(username, back);
  setUpHelp(changed);
};
