/** Finds a label by its name, where there are many, and shows the likely ones first. */
import { labelButtons } from "./board.js";
import { current } from "./screen.js";
import { shown } from "./state.js";

/** Show only the labels that are likely for an item until all are asked for. @param {HTMLInputElement} field @param {HTMLElement} item */
const setUpLikely = (field, item) => {
  const all = document.getElementById("all-labels");
  if (all === null) return;
  const wanted = { all: false };
  const draw = () => {
    const likely = shown(current.session)?.suggestion?.likely ?? [];
    const isFew = likely.length > 0 && !wanted.all && document.activeElement !== field;
    for (const button of labelButtons()) {
      const name = button.dataset["label"] ?? "";
      button.classList.toggle("rest", isFew && !likely.includes(name));
    }
    all.hidden = !isFew;
    // From here on as high as all labels are: an item must not move for the number of them.
    if (isFew) all.parentElement?.classList.add("steady");
  };
  const showAll = (/** @type {boolean} */ isWanted) => {
    wanted.all = isWanted;
    draw();
  };
  all.addEventListener("click", () => showAll(true));
  // They stay until the next item: a click on one must find it where it was.
  field.addEventListener("focus", () => showAll(true));
  const watch = new MutationObserver(() => showAll(false));
  watch.observe(item, { childList: true });
  draw();
};

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
  const item = document.getElementById("item");
  if (item) setUpLikely(field, item);
};
