/** Draws the station; data only ever becomes text nodes. */
import { EMPTY, t, WAITING } from "./words.js";

/** In milliseconds. */
const TOAST_TIME = 8000;

/** @param {string} tag @param {string} [text] @param {string} [className] */
export const make = (tag, text, className) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className !== undefined) node.className = className;
  return node;
};

/** Pictures that are decoded ahead; kept so that they are not thrown away. @type {Map<string, HTMLImageElement>} */
const decoded = new Map();

/** @param {string} url */
const picture = (url) => decoded.get(url) ?? prepare(new Image(), url);

/** @param {HTMLImageElement} image @param {string} url */
const prepare = (image, url) => {
  if (image.getAttribute("src") !== url) image.src = url;
  image.alt = t("The item to label");
  image.draggable = false;
  // What cannot be decoded says so in its turn.
  image.decode().then(
    () => image.classList.toggle("small", image.naturalWidth < 256),
    () => image.classList.add("broken"),
  );
  decoded.set(url, image);
  return image;
};

/** Decode the next five pictures. @param {import("./state.js").Lease[]} leases */
export const preload = (leases) => {
  const next = leases.slice(0, 6).flatMap(({ item }) => item.media_url ?? []);
  for (const [url, image] of decoded)
    if (!next.includes(url) && !image.isConnected) decoded.delete(url);
  next.forEach(picture);
};

/** Show the picture, or where it cannot be shown what to do. @param {string} url */
const frame = (url) => {
  const image = picture(url);
  const broken = make("div", undefined, "unreadable");
  const retry = make("button", t("Load it again"), "btn");
  retry.dataset["do"] = "reload";
  const words = t(
    "This picture cannot be shown. Load it again, or skip it as “broken”.",
  );
  broken.append(make("p", words), retry);
  const place = make("figure");
  place.append(image, broken);
  return place;
};

/** @param {string} url */
export const forget = (url) => decoded.delete(url);

/**
 * How an item of each type is shown, and what stands beside it; the ways of tables and
 * of what stands beside come with their modules.
 * @type {Record<string, (item: import("./state.js").Item) => HTMLElement | undefined>}
 */
export const renderers = {
  image: ({ media_url }) => frame(media_url ?? ""),
  text: ({ data }) => {
    const article = make("article", String(data["text"] ?? ""));
    article.dir = "auto";
    return article;
  },
};

/** Why there is nothing, and which ways lead on. @param {string} reason */
export const explanationOf = (reason) => {
  const explanation = document.querySelector(`#ways [data-way="${reason}"]`);
  const known = EMPTY[reason] ?? {
    title: t("Nothing to label now"),
    words: explanation?.textContent ?? reason,
    ways: ["again"],
  };
  const ways = make("div", undefined, "row");
  for (const way of known.ways) {
    const template = document.querySelector(`#ways [data-way="${way}"]`);
    if (template) ways.append(template.cloneNode(true));
  }
  return [make("h1", known.title), make("p", known.words), ways];
};

/** Take over the picture that came with the page. @param {HTMLElement} place */
export const adopt = (place) => {
  const image = place.querySelector("img");
  const url = image?.getAttribute("src");
  if (!image || !url) return;
  prepare(image, url);
  place.replaceChildren(frame(url));
};

const percent = (/** @type {number} */ share) => Math.round(share * 100);

/** What the model suggests, or a source from outside, in words; of several labels of the model each with its own probability. @param {import("./state.js").Suggestion} suggestion */
export const suggestionText = ({
  label,
  labels,
  probabilities,
  confidence,
  calibrated,
  source,
}) => {
  const none = t("none of the labels");
  const sure = percent(confidence ?? 0);
  if (source) {
    const values = { source, label: labels.join(", ") || none, percent: sure };
    return confidence
      ? t("{source} suggests {label} (score {percent})", values)
      : t("{source} suggests {label}", values);
  }
  if (probabilities === undefined) {
    const values = { label, percent: sure };
    return calibrated
      ? t("The model suggests {label} ({percent} %)", values)
      : t("The model suggests {label} (score {percent})", values);
  }
  const ranked = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
  if (ranked.length === 0) ranked.push([none, confidence ?? 0]);
  const parts = ranked.map(([name, share]) => {
    const values = { label: name, percent: percent(share) };
    return calibrated
      ? t("{label} ({percent} %)", values)
      : t("{label} (score {percent})", values);
  });
  return t("The model suggests {labels}", { labels: parts.join(", ") });
};

/** @param {HTMLElement} place @param {import("./state.js").Lease | undefined} lease @param {string} type @param {string} reason */
export const drawItem = (place, lease, type, reason) => {
  const shown = lease === undefined ? `:${reason}` : String(lease.assignment);
  if (place.dataset["shown"] === shown) return;
  place.dataset["shown"] = shown;
  place.classList.toggle("empty", lease === undefined);
  if (lease === undefined) {
    place.replaceChildren(...explanationOf(reason));
    return;
  }
  const parts = [(renderers[type] ?? renderers["text"])?.(lease.item) ?? ""];
  const beside = renderers["beside"]?.(lease.item);
  if (beside) parts.push(beside);
  if (lease.suggestion) {
    const suggestion = make("small", suggestionText(lease.suggestion));
    suggestion.dataset["words"] = JSON.stringify(lease.suggestion.words ?? []);
    parts.push(suggestion);
  }
  place.replaceChildren(...parts);
  place.scrollTop = 0;
};

/** @param {import("./state.js").Done} done @param {Map<string, string>} hues */
const newChip = (done, hues) => {
  const chip = make("button");
  chip.dataset["revisit"] = done.vote.client_id;
  redraw(chip, done, hues);
  return chip;
};

/** @param {HTMLElement} chip @param {import("./state.js").Done} done @param {Map<string, string>} hues */
const redraw = (chip, { now, note, saved }, hues) => {
  const names = (/** @type {string[]} */ labels) =>
    [...labels].sort().join(", ") || t("none");
  const own = names(now.labels);
  const model = saved?.revealed ? names(saved.revealed.labels) : undefined;
  // The model's labels come after the answer, where they are others.
  const words = model === undefined || model === own ? own : `${own} ≠ ${model}`;
  if (chip.textContent !== words) chip.textContent = words;
  chip.className = `trail-chip ${hues.get(now.labels[0] ?? "") ?? ""}`;
  chip.classList.toggle("refused", note !== "");
  chip.classList.toggle("unsure", now.is_unsure);
  const again = t("Look at this answer again");
  const seen =
    words === own ? "" : t("The model says {model}.", { model: model ?? "" });
  chip.title = note || `${seen} ${again}`.trim();
};

/** Draw the newest answers first; chips that are here already stay the same nodes. @param {HTMLElement} place @param {import("./state.js").Session} session @param {Map<string, string>} hues */
export const drawTrail = (place, session, hues) => {
  const last = session.done.slice(-50).reverse();
  const wanted = new Set(last.map((d) => d.vote.client_id));
  /** @type {Map<string | undefined, HTMLElement>} */
  const here = new Map();
  for (const node of [...place.children]) {
    const chip = /** @type {HTMLElement} */ (node);
    const id = chip.dataset["revisit"] ?? "";
    if (wanted.has(id)) here.set(id, chip);
    else chip.remove();
  }
  last.forEach((done, at) => {
    const id = done.vote.client_id;
    const chip = here.get(id) ?? newChip(done, hues);
    if (here.has(id)) redraw(chip, done, hues);
    if (place.children[at] !== chip)
      place.insertBefore(chip, place.children[at] ?? null);
    chip.setAttribute("aria-pressed", String(session.revisited === id));
  });
};

/** @param {HTMLElement} chip @param {number} unsent @param {string} trouble @param {boolean} isSafe */
export const drawSaved = (chip, unsent, trouble, isSafe) => {
  const why = WAITING[trouble] ?? (isSafe ? "" : t("keep this window open"));
  const isGood = unsent === 0 && trouble === "";
  const words = isGood
    ? t("saved")
    : [t("{count} unsent", { count: unsent }), why].filter(Boolean).join(" – ");
  if (chip.textContent !== words) chip.textContent = words;
  chip.classList.toggle("good", isGood);
  chip.classList.toggle("bad", trouble !== "" || !isSafe);
};

/** What will empty a toast again. @type {WeakMap<HTMLElement, number>} */
const toastTimers = new WeakMap();

/** Say something for a moment. @param {HTMLElement} place @param {string} words */
export const toast = (place, words) => {
  const empty = () => {
    place.textContent = "";
  };
  place.textContent = words;
  clearTimeout(toastTimers.get(place));
  toastTimers.set(place, setTimeout(empty, TOAST_TIME));
};
