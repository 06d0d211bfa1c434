/** `<label-keys>`: keys press what is inside: labels by `data-label`, others by `data-key`. */
import { interpret, keymap, preferences } from "../annotate/keys.js";

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select";

/**
 * Whether a key belongs to what has the focus: text that is being typed, or a button
 * that Enter or space press.
 * @param {Element} target @param {string} key
 */
const isTaken = (target, key) =>
  target.matches(TYPING) ||
  (key === "Enter" && target.matches("a, button, summary")) ||
  (key === " " && target.matches("button, summary, input"));

export class LabelKeys extends HTMLElement {
  #typed = "";
  #isSent = false;
  /** @type {Map<string, string>} */
  #labels = new Map();

  connectedCallback() {
    this.ownerDocument.addEventListener("keydown", this);
    this.addEventListener("submit", this);
    window.addEventListener("pageshow", this);
    this.#draw();
  }
  disconnectedCallback() {
    this.ownerDocument.removeEventListener("keydown", this);
    this.removeEventListener("submit", this);
    window.removeEventListener("pageshow", this);
  }

  /** @param {Event} event */
  handleEvent(event) {
    if (event.type === "pageshow") this.#isSent = false;
    if (event.type === "submit") this.#send(event);
    if (event instanceof KeyboardEvent) this.#press(event);
  }

  /** Send a form once, however often its buttons are pressed. @param {Event} event */
  #send(event) {
    if (this.#isSent) event.preventDefault();
    this.#isSent = true;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const target = event.target instanceof HTMLElement ? event.target : this;
    if (event.isComposing) return;
    if (event.key === "Escape" && target.matches(TYPING)) target.blur();
    // Else it would press the form's first button.
    if (event.key === "Enter" && target.matches("input")) event.preventDefault();
    const isHeld = event.repeat || event.ctrlKey || event.metaKey || event.altKey;
    if (isHeld || isTaken(target, event.key) || !preferences().isOn) return;
    const meaning = interpret(this.#labels, this.#actions(), this.#typed, event);
    this.#typed = meaning.typed;
    const meant = this.#meant(meaning);
    if (!meant) return;
    event.preventDefault();
    if (meant instanceof HTMLTextAreaElement) meant.focus();
    else if (!this.#isSent) meant.click();
  }

  /** @returns {HTMLElement[]} */
  #all(/** @type {string} */ which) {
    return [...this.querySelectorAll(which)].filter(
      (element) => element instanceof HTMLElement,
    );
  }

  /** @param {{label?: string, action?: string}} meaning @returns {HTMLElement | undefined} */
  #meant({ label, action }) {
    if (label !== undefined)
      return this.#all("[data-label]").find(
        (element) => element.dataset["label"] === label,
      );
    return this.#all("[data-key]")[Number(action)];
  }

  /** Which key presses which of the other things, by its place. @returns {Record<string, string>} */
  #actions() {
    const keys = this.#all("[data-key]").map((element) => element.dataset["key"] ?? "");
    return Object.fromEntries(keys.entries());
  }

  /** Write the keys on what they press; labels go before all else. */
  #draw() {
    // Keys go by the labels' own order, however they are grouped.
    const place = (/** @type {HTMLElement} */ element) =>
      Number(element.dataset["place"] ?? 0);
    const labels = this.#all("[data-label]").sort((a, b) => place(a) - place(b));
    this.#labels = keymap(
      labels.map(({ dataset }) => ({
        name: dataset["label"] ?? "",
        key: dataset["hotkey"] ?? "",
      })),
    );
    const codes = new Map([...this.#labels].map(([code, name]) => [name, code]));
    const isOn = preferences().isOn;
    const isFree = (/** @type {string} */ key) =>
      ![...this.#labels.keys()].some((code) => code.startsWith(key));
    for (const element of labels)
      this.#write(
        element,
        isOn ? (codes.get(element.dataset["label"] ?? "") ?? "") : "",
      );
    for (const element of this.#all("[data-key]"))
      if (!isOn || !isFree(element.dataset["key"] ?? "")) this.#write(element, "");
  }

  /** @param {HTMLElement} element @param {string} key */
  #write(element, key) {
    const shown = (element.closest("label") ?? element).querySelector("kbd");
    if (!shown) return;
    shown.textContent = key;
    shown.hidden = key === "";
  }
}
customElements.define("label-keys", LabelKeys);
