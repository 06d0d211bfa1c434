/** What the station shows: one record of it, and how it is drawn. */
import { drawLabels, drawQuestion, setPressed } from "./board.js";
import { byId, clock, drawOutbox, hues, server, setup, storeName } from "./desk.js";
import { preferences } from "./keys.js";
import * as state from "./state.js";
import { adopt, drawItem, drawTrail, preload, renderers } from "./view.js";
import { t } from "./words.js";

export const picture =
  setup.dataType === "image"
    ? (await import("./picture.js")).makePicture(byId("item"))
    : undefined;
if (setup.dataType === "table")
  renderers["table"] = (await import("./table.js")).makeTable(
    byId("item"),
    `${storeName}-pins`,
    setup.columns,
  );
if (setup.beside.length > 0)
  renderers["beside"] = (await import("./beside.js")).makeBeside(
    byId("item"),
    setup.beside,
    setup.dataType,
  );
/** The assignment whose item came with the page; it stays until its lease has come. */
export const shownFirst = Number(byId("item").dataset["shown"]);
if (picture) adopt(byId("item"));

/** Everything here that changes. */
export const current = {
  session: state.start(),
  draft: state.draft(),
  keys: preferences(),
  /** Have the first items come, or what keeps them? */
  isReady: false,
  /** Have the labels changed since the page came? */
  isOutdated: false,
  /** When answers were given, in milliseconds. @type {number[]} */
  times: [],
};

/** The label that is asked for with yes or no, where the person wants that and the model suggests one. */
export const askedLabel = () =>
  current.keys.asksYesNo && setup.isSuggesting && !setup.isMulti
    ? state.question(current.session, current.draft)
    : undefined;

export const draw = () => {
  const { session, draft } = current;
  const { trouble, reason } = server.feed;
  if (current.isReady)
    drawItem(byId("item"), state.shown(session), setup.dataType, trouble || reason);
  drawTrail(byId("trail"), session, hues);
  drawOutbox();
  const pace = current.keys.showsPace ? state.pace(session) : null;
  byId("pace").textContent = pace === null ? "" : t("{pace}/min", { pace });
  byId("ready").textContent = session.revisited
    ? t("esc: back to the next item")
    : t("{count} ready", { count: session.queue.length });
  drawLabels(session.chosen, draft.typed);
  drawQuestion(askedLabel(), hues);
  setPressed("unsure", draft.isUnsure);
  setPressed("comment", draft.comment !== "");
  preload(session.queue);
};

/** Change what is shown. @param {Partial<typeof current>} change */
export const update = (change) => {
  Object.assign(current, change);
  draw();
};

/** @param {Partial<state.Draft>} change */
export const updateDraft = (change) =>
  update({ draft: { ...current.draft, ...change } });

/** Begin with what is shown now; earlier words of an answer come back with it. @param {state.Session} session @param {state.Answer} [given] */
export const show = (session, given) => {
  clock.take();
  picture?.fit();
  update({ session, draft: state.draft(given) });
};
