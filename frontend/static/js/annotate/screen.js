/** What the station shows: one record of it, and how it is drawn. */
import { drawLabels, drawQuestion, press } from "./board.js";
import { byId, clock, drawOutbox, hues, line, name, setup } from "./desk.js";
import { preferences } from "./keys.js";
import * as state from "./state.js";
import { adopt, drawItem, drawTrail, preload, shows } from "./view.js";
import { t } from "./words.js";

export const picture =
  setup.dataType === "image"
    ? (await import("./picture.js")).makePicture(byId("item"))
    : undefined;
if (setup.dataType === "table")
  shows["table"] = (await import("./table.js")).makeTable(byId("item"), `${name}-pins`);
/** The item that came with the page; it stays until its lease has come. */
export const drawn = Number(byId("item").dataset["shown"]);
if (picture) adopt(byId("item"));

/** Everything here that changes. */
export const now = {
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
export const asked = () =>
  now.keys.asksYesNo && setup.isSuggesting && !setup.isMulti
    ? state.question(now.session, now.draft)
    : undefined;

export const draw = () => {
  const { session, draft } = now;
  const { trouble, reason } = line.feed;
  if (now.isReady)
    drawItem(byId("item"), state.shown(session), setup.dataType, trouble || reason);
  drawTrail(byId("trail"), session, hues);
  drawOutbox();
  const pace = now.keys.showsPace ? state.pace(session) : null;
  byId("pace").textContent = pace === null ? "" : t("{pace}/min", { pace });
  byId("ready").textContent = session.revisited
    ? t("esc: back to the next item")
    : t("{count} ready", { count: session.queue.length });
  drawLabels(session.chosen, draft.typed);
  drawQuestion(asked(), hues);
  press("unsure", draft.isUnsure);
  press("comment", draft.comment !== "");
  preload(session.queue);
};

/** Change what is shown. @param {Partial<typeof now>} change */
export const set = (change) => {
  Object.assign(now, change);
  draw();
};

/** @param {Partial<state.Draft>} change */
export const write = (change) => set({ draft: { ...now.draft, ...change } });

/** Begin with what is shown now; earlier words of an answer come back with it. @param {state.Session} session @param {state.Answer} [given] */
export const show = (session, given) => {
  clock.take();
  picture?.fit();
  set({ session, draft: state.draft(given) });
};
