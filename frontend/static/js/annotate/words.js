/** What the station says, in the person's language. */

const block = globalThis.document?.getElementById("words");
/** The page brings the words of its language; English needs none. @type {Record<string, string>} */
const known = JSON.parse(block?.textContent ?? "{}");

/**
 * Say it in the person's language; `{name}` becomes a value. The text is written in
 * English where it is said, as one plain string; `make messages` collects it.
 * @param {string} text @param {Record<string, string | number>} [values]
 */
export const t = (text, values = {}) =>
  (known[text] || text).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));

/**
 * Why there is no item, what that means, and which ways lead on.
 * @type {Record<string, {title: string, words: string, ways: string[]}>}
 */
export const EMPTY = {
  "": { title: t("One moment"), words: t("Fetching the next items …"), ways: [] },
  all_labeled: {
    title: t("All labeled"),
    words: t("Every item has its label. New ones come with the next import."),
    ways: ["again", "disagreements", "import", "project"],
  },
  all_yours_done: {
    title: t("Your part is done"),
    words: t("You have seen every item; others still have some to do."),
    ways: ["again", "disagreements", "project"],
  },
  all_lent: {
    title: t("All items are with others right now"),
    words: t(
      "Items that they do not answer come back. This page looks again by itself.",
    ),
    ways: ["again", "project"],
  },
  training: {
    title: t("A model is being trained"),
    words: t("New items come in a moment; this page looks again by itself."),
    ways: ["again", "project"],
  },
  paused: {
    title: t("Paused for now"),
    words: t(
      "The project, or your part in it, is paused; a manager can resume it. This page looks again by itself.",
    ),
    ways: ["again", "members", "project"],
  },
  quota: {
    title: t("That was your share"),
    words: t("You have given as many answers as were asked of you. Thank you."),
    ways: ["project"],
  },
  skill: {
    title: t("No more items for now"),
    words: t(
      "Several of your answers to questions whose answer is known were wrong. Read the guideline and talk to the project's manager.",
    ),
    ways: ["project"],
  },
  no_suggestions: {
    title: t("No page of similar items now"),
    words: t(
      "The model suggests nothing for the free items, or they must be answered without a suggestion. You may still find items one by one.",
    ),
    ways: ["station", "again", "project"],
  },
  empty_project: {
    title: t("There are no items yet"),
    words: t("Somebody who may import has to add some first."),
    ways: ["import", "project", "again"],
  },
  offline: {
    title: t("The server does not answer"),
    words: t("Your answers are kept in this browser and sent when it is back."),
    ways: ["again"],
  },
  failing: {
    title: t("The server has a problem"),
    words: t(
      "Your answers are kept in this browser and sent when it works again. If this stays so, tell whoever runs it.",
    ),
    ways: ["again"],
  },
  login: {
    title: t("You are logged out"),
    words: t("Log in again; your answers are kept in this browser."),
    ways: ["login"],
  },
  refused: {
    title: t("You may not label here any more"),
    words: t(
      "Your membership has changed. Ask the project's manager; answers that were not sent are kept in this browser.",
    ),
    ways: ["again", "home"],
  },
};

/** Why answers wait. @type {Record<string, string>} */
export const WAITING = {
  offline: t("offline, trying again"),
  failing: t("the server has a problem"),
  login: t("log in to send"),
  refused: t("refused"),
};

/** Why the server did not take an answer. @param {{code?: string, detail?: string, title?: string}} problem */
export const refusal = ({ code, detail, title }) => {
  if (code === "lease_lost")
    return t(
      "Someone else answered it first. Your answer is kept in its history, but does not count.",
    );
  if (code === "conflict")
    return t(
      "You had answered it already, perhaps in another window. The first answer stands.",
    );
  if (code === "not_found") return t("This item is not there any more.");
  if (code === "invalid")
    return t(
      "The labels have changed and the answer no longer fits. The item comes again.",
    );
  return detail || title || t("The server refused it.");
};
