/** Draws the station; data only ever becomes text nodes. */

/** @param {string} tag @param {string} [text] */
const make = (tag, text) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  return node;
};

/** @param {import("./state.js").Lease} lease @param {string} type */
const payload = (lease, type) => {
  const { data, media_url } = lease.item;
  if (type === "image" && media_url) {
    const image = document.createElement("img");
    image.src = media_url;
    image.alt = "The item to label";
    image.draggable = false;
    return image;
  }
  if (type === "text") {
    const article = make("article", String(data["text"] ?? ""));
    article.dir = "auto";
    return article;
  }
  const table = document.createElement("table");
  for (const [key, value] of Object.entries(data)) {
    const row = table.insertRow();
    row.append(make("th", key), make("td", String(value ?? "")));
  }
  return table;
};

/** Say why there is nothing. @type {Record<string, string>} */
const WORDS = {
  all_labelled: "All items are labelled. New ones come with the next import.",
  all_yours_done: "You have seen every item. Others still have some to do.",
  all_lent: "Every open item is with someone right now. Look again in a few minutes.",
  training: "A model is being trained; new items come in a moment.",
  paused: "This project is paused. A manager can resume it.",
  quota: "You have given as many answers as were asked of you. Thank you.",
  empty_project: "There are no items yet. Import some first.",
  offline: "The server does not answer. Your answers are kept here and sent later.",
};

/** @param {HTMLElement} place @param {import("./state.js").Lease | undefined} lease @param {string} type @param {string} reason */
export const drawItem = (place, lease, type, reason) => {
  place.classList.toggle("empty", lease === undefined);
  if (lease === undefined) {
    place.replaceChildren(make("h1", "Nothing to label right now"), make("p", WORDS[reason] ?? "Fetching …"));
    return;
  }
  const parts = [payload(lease, type)];
  if (lease.suggestion) {
    const { label, confidence } = lease.suggestion;
    parts.push(make("small", `The model suggests ${label} (${Math.round(confidence * 100)} %)`));
  }
  place.replaceChildren(...parts);
};

/** @param {HTMLElement} place @param {import("./state.js").Done[]} done */
export const drawTrail = (place, done) => {
  const last = done.slice(-6).reverse();
  place.textContent = last.map((d) => d.vote.labels.join(", ") || "none").join(" · ");
};

/** @param {HTMLElement} chip @param {number} unsent @param {boolean} failing */
export const drawSaved = (chip, unsent, failing) => {
  chip.textContent = unsent === 0 ? "saved" : `${unsent} unsent${failing ? " – trying again" : ""}`;
  chip.classList.toggle("good", unsent === 0);
  chip.classList.toggle("bad", failing);
};

/** Decode the next pictures ahead. @param {import("./state.js").Lease[]} leases */
export const preload = (leases) => {
  for (const { item } of leases.slice(1, 6)) {
    if (item.media_url) new Image().src = item.media_url;
  }
};
