/** Finds a label by its name, where there are many. */
import { labelButtons } from "./board.js";

/** Narrow the labels down by name; Enter chooses the first. @param {HTMLInputElement} field @param {(label: string) => void} choose */
export const setUpFinder = (field, choose) => {
  const narrow = () => {
    const words = field.value.toLowerCase().split(/\s+/);
    const fits = (/** @type {HTMLElement} */ button) => {
      const name = (button.dataset["label"] ?? "").toLowerCase();
      return words.every((word) => name.includes(word));
    };
    for (const button of labelButtons()) {
      button.hidden = !fits(button);
      button.classList.remove("first");
    }
    const first = field.value === "" ? undefined : labelButtons().find(fits);
    first?.classList.add("first");
    return first;
  };
  field.addEventListener("input", narrow);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    const first = event.key === "Enter" ? narrow() : undefined;
    field.value = "";
    narrow();
    field.blur();
    event.stopPropagation();
    if (first) choose(first.dataset["label"] ?? "");
  });
};
