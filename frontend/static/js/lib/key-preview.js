/** `<key-preview>`: shows which key each label gets, while the labels inside are typed. */
import { keymap } from "../annotate/keys.js";

/** One label per line: name | key | description. @param {string} text */
const typedLabels = (text) =>
  text
    .split(/\r?\n/)
    .map((line) => line.split("|").map((part) => part.trim()))
    .map(([name = "", key = ""]) => ({ name, key }))
    .filter(({ name }) => name !== "");

class KeyPreview extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", this);
    this.handleEvent();
  }
  disconnectedCallback() {
    this.removeEventListener("input", this);
  }

  handleEvent() {
    const text = this.querySelector("textarea");
    if (text === null) this.#drawRows();
    else this.#drawLines(typedLabels(text.value));
  }

  /** @param {import("../annotate/keys.js").Label[]} labels */
  #drawLines(labels) {
    const codes = new Map([...keymap(labels)].map(([code, name]) => [name, code]));
    const chips = labels.map(({ name }) => {
      const chip = document.createElement("span");
      const key = document.createElement("kbd");
      chip.className = "chip";
      key.textContent = codes.get(name) ?? "–";
      chip.append(key, ` ${name}`);
      return chip;
    });
    this.querySelector("[data-part=keys]")?.replaceChildren(...chips);
  }

  /** Each row's key that nobody has typed stands in its field as a hint. */
  #drawRows() {
    const rows = [...this.querySelectorAll("li")].map((row) => ({
      name: this.#value(row, "name"),
      key: this.#value(row, "hotkey"),
      field: row.querySelector("input[name^=hotkey-]"),
      isGone: this.#value(row, "into") !== "",
    }));
    const kept = rows.filter(({ name, isGone }) => name !== "" && !isGone);
    const codes = new Map([...keymap(kept)].map(([code, name]) => [name, code]));
    for (const { name, field } of rows)
      if (field instanceof HTMLInputElement) field.placeholder = codes.get(name) ?? "";
  }

  /** @param {Element} row @param {string} name */
  #value(row, name) {
    const field = row.querySelector(`[name^="${name}-"]`);
    return field instanceof HTMLInputElement || field instanceof HTMLSelectElement
      ? field.value.trim()
      : "";
  }
}
customElements.define("key-preview", KeyPreview);
