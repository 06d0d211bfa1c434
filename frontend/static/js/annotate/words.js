/** What the station says, in one place. */

/**
 * Why there is no item, what that means, and which ways lead on.
 * @type {Record<string, {title: string, words: string, ways: string[]}>}
 */
export const EMPTY = {
  "": { title: "One moment", words: "Fetching the next items …", ways: [] },
  all_labeled: {
    title: "All labeled",
    words: "Every item has its label. New ones come with the next import.",
    ways: ["again", "disagreements", "import", "project"],
  },
  all_yours_done: {
    title: "Your part is done",
    words: "You have seen every item; others still have some to do.",
    ways: ["again", "disagreements", "project"],
  },
  all_lent: {
    title: "All items are with others right now",
    words: "What they do not answer comes back. This page looks again by itself.",
    ways: ["again", "project"],
  },
  training: {
    title: "A model is being trained",
    words: "New items come in a moment; this page looks again by itself.",
    ways: ["again", "project"],
  },
  paused: {
    title: "This project is paused",
    words: "A manager can resume it. This page looks again by itself.",
    ways: ["again", "members", "project"],
  },
  quota: {
    title: "That was your share",
    words: "You have given as many answers as were asked of you. Thank you.",
    ways: ["project"],
  },
  skill: {
    title: "No more items for now",
    words:
      "Several of your answers to questions with known answers were not as known. " +
      "Read the guideline and speak with the project's manager.",
    ways: ["project"],
  },
  empty_project: {
    title: "There are no items yet",
    words: "Somebody who may import has to bring some first.",
    ways: ["import", "project", "again"],
  },
  offline: {
    title: "The server does not answer",
    words: "Your answers are kept in this browser and sent when it is back.",
    ways: ["again"],
  },
  failing: {
    title: "The server has a problem",
    words:
      "Your answers are kept in this browser and sent when it works again. " +
      "If this stays so, tell whoever runs it.",
    ways: ["again"],
  },
  login: {
    title: "You are logged out",
    words: "Log in again; your answers are kept in this browser.",
    ways: ["login"],
  },
  refused: {
    title: "You may not label here any more",
    words:
      "Your membership has changed. Ask the project's manager; answers that were " +
      "not sent are kept in this browser.",
    ways: ["again", "home"],
  },
};

/** Why answers wait. @type {Record<string, string>} */
export const WAITING = {
  offline: "offline, trying again",
  failing: "the server has a problem",
  login: "log in to send",
  refused: "refused",
};

/** Why the server did not take an answer. @param {{code?: string, detail?: string, title?: string}} problem */
export const refusal = ({ code, detail, title }) => {
  if (code === "lease_lost")
    return "Someone else answered it first. Your answer is kept in its history, but does not count.";
  if (code === "conflict")
    return "You had answered it already, perhaps in another window. The first answer stands.";
  if (code === "not_found") return "This item is not there any more.";
  if (code === "invalid")
    return "It does not fit the labels of now. The item comes again.";
  return detail || title || "The server refused it.";
};
