/** Draws the station; data only ever becomes text nodes. */

/** @param {string} tag @param {string} [text] @param {string} [className] */
export const make = (tag, text, className) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className !== undefined) node.className = className;
  return node;
};

/** @param {unknown} value */
const cell = (value) => {
  const node = make("td", String(value ?? ""));
  node.dir = "auto";
  if (typeof value === "number") node.className = "n";
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
  for (const [key, value] of Object.entries(data))
    table.insertRow().append(make("th", key), cell(value));
  return table;
};

/** Say why there is nothing, and what to do. @type {Record<string, string>} */
const WORDS = {
  all_labelled: "All items are labelled. New ones come with the next import.",
  all_yours_done: "You have seen every item. Others still have some to do.",
  all_lent:
    "Every open item is with someone right now. This page looks again by itself.",
  training: "A model is being trained; new items come in a moment.",
  paused: "This project is paused. A manager can resume it.",
  quota: "You have given as many answers as were asked of you. Thank you.",
  empty_project: "There are no items yet. Import some first.",
  offline: "The server does not answer. Your answers are kept here and sent later.",
  login: "You are logged out. Log in again; your answers are kept here.",
  refused: "You are not a member of this project any more. Ask its manager.",
};

/** @param {HTMLElement} place @param {import("./state.js").Lease | undefined} lease @param {string} type @param {string} reason */
export const drawItem = (place, lease, type, reason) => {
  const shown = lease === undefined ? `:${reason}` : String(lease.assignment);
  if (place.dataset["shown"] === shown) return;
  place.dataset["shown"] = shown;
  place.classList.toggle("empty", lease === undefined);
  if (lease === undefined) {
    place.replaceChildren(
      make("h1", "Nothing to label right now"),
      make("p", WORDS[reason] ?? "Fetching …"),
    );
    return;
  }
  const parts = [payload(lease, type)];
  if (lease.suggestion) {
    const { label, confidence } = lease.suggestion;
    parts.push(
      make("small", `The model suggests ${label} (${Math.round(confidence * 100)} %)`),
    );
  }
  place.replaceChildren(...parts);
  place.scrollTop = 0;
};

/** @param {HTMLElement} place @param {import("./state.js").Session} session @param {Map<string, string>} hues */
export const drawTrail = (place, session, hues) => {
  const last = session.done.slice(-50).reverse();
  const chips = last.map((d) => {
    const [first] = d.vote.labels;
    const chip = make(
      "button",
      d.vote.labels.join(", ") || "none",
      `trail-chip ${hues.get(first ?? "") ?? ""}`,
    );
    chip.dataset["revisit"] = d.vote.client_id;
    chip.setAttribute("aria-pressed", String(session.revisited === d.vote.client_id));
    chip.title = d.note || "Look at this answer again";
    if (d.note) chip.classList.add("refused");
    return chip;
  });
  place.replaceChildren(...chips);
};

/** @param {HTMLElement} chip @param {number} unsent @param {string} trouble */
export const drawSaved = (chip, unsent, trouble) => {
  const why =
    trouble === ""
      ? ""
      : trouble === "offline"
        ? " – offline, trying again"
        : " – waiting";
  chip.textContent =
    unsent === 0 && trouble === "" ? "saved" : `${unsent} unsent${why}`;
  chip.classList.toggle("good", unsent === 0 && trouble === "");
  chip.classList.toggle("bad", trouble !== "");
};

/** Pictures that are decoded ahead; kept so that they are not thrown away. @type {Map<string, HTMLImageElement>} */
const ahead = new Map();

/** Decode the next five pictures. @param {import("./state.js").Lease[]} leases */
export const preload = (leases) => {
  const wanted = leases
    .slice(0, 6)
    .flatMap(({ item }) => (item.media_url ? [item.media_url] : []));
  for (const url of ahead.keys()) if (!wanted.includes(url)) ahead.delete(url);
  for (const url of wanted) {
    if (ahead.has(url)) continue;
    const image = new Image();
    image.src = url;
    // A picture that cannot be decoded shows its alternative text in its turn.
    image.decode().catch(() => ahead.delete(url));
    ahead.set(url, image);
  }
};

let timer = 0;
/** Say something in passing. @param {HTMLElement} place @param {string} words */
export const toast = (place, words) => {
  place.textContent = words;
  clearTimeout(timer);
  timer = setTimeout(() => {
    place.textContent = "";
  }, 8000);
};
