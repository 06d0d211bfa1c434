/** Marks the words that speak most for the model's suggestion, where it came with them. */
import { mark, texts } from "./search.js";

/** Where these words stand in a text, whole and in any case. @param {string} text @param {string[]} words @returns {[number, number][]} */
export const placesOf = (text, words) => {
  const wanted = new Set(words);
  return [...text.matchAll(/[\p{L}\p{N}_]+/gu)]
    .filter(([word]) => wanted.has(word.toLowerCase()))
    .map(({ 0: word, index }) => [index, index + word.length]);
};

/** Marks words while it is on, item after item. @param {HTMLElement} item */
export const makeInfluence = (item) => {
  const draw = (isOn = true) => {
    const json = item.querySelector("[data-words]")?.getAttribute("data-words");
    const words = JSON.parse((isOn && json) || "[]");
    const places = texts(item).flatMap((node) =>
      placesOf(node.data, words).map(([from, to]) => ({ node, from, to })),
    );
    mark("words", places);
  };
  const watch = new MutationObserver(() => draw());
  return (/** @type {boolean} */ isOn) => {
    if (isOn) watch.observe(item, { childList: true });
    else watch.disconnect();
    draw(isOn);
  };
};
