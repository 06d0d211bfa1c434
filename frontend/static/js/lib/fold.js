/** Text as it is compared: without case, accents and the width of letters. */

// Marks on Latin, Greek, Cyrillic, Hebrew and Arabic letters. Those of other scripts,
// Indian vowels among them, tell words apart; so do the marks of kana.
const MARK =
  /(?=\p{Mn})[\p{Script=Inherited}\p{Script=Cyrillic}\p{Script=Hebrew}\p{Script=Arabic}](?<![\u3099\u309a])/gu;

/** Folding letter by letter gives the same as folding the whole. @param {string} text */
export const fold = (text) =>
  text
    .normalize("NFKD")
    .replace(MARK, "")
    .toUpperCase()
    .toLowerCase()
    .replaceAll("ς", "σ")
    .replaceAll(/\s/g, " ");
