/** What a person can do at the station, by key or by button. */
import { uuid } from "./api.js";
import { press, toggleGuide } from "./board.js";
import { byId, clock, outbox, say, setup } from "./desk.js";
import { ask, showHelp } from "./dialogs.js";
import { asked, draw, now, picture, set, show, write } from "./screen.js";
import * as state from "./state.js";
import { forget } from "./view.js";
import { t } from "./words.js";

const LIMIT = 500;

const isFull = () => {
  if (outbox.ops.length < LIMIT) return false;
  say(
    t("{count} answers wait to be sent. Labeling goes on when the server answers.", {
      count: LIMIT,
    }),
  );
  return true;
};

/** What comes from the server when it is first wanted. */
const tools = {
  /** @type {import("./search.js").Search | undefined} */
  places: undefined,
  /** @type {((isOn: boolean) => void) | undefined} */
  influence: undefined,
  isMarking: false,
};

const search = async () => {
  const form = byId("search");
  if (form === null || state.shown(now.session) === undefined) return;
  form.hidden = false;
  // Ready at once: what is typed meanwhile must not reach the labels.
  form.querySelector("input").select();
  tools.places ??= (await import("./search.js")).makeSearch(form, byId("item"));
  tools.places.open();
};

const words = async () => {
  if (document.querySelector("[data-do=words]") === null) return;
  tools.isMarking = !tools.isMarking;
  press("words", tools.isMarking);
  tools.influence ??= (await import("./influence.js")).makeInfluence(byId("item"));
  tools.influence(tools.isMarking);
};

/** @param {{put: (draft: import("./outbox.js").Draft) => void, again: () => unknown}} page */
export const makeActions = ({ put, again }) => {
  const vote = (/** @type {string[]} */ labels) => {
    const { session, draft } = now;
    if (session.revisited !== null) return amend(labels);
    const lease = session.queue[0];
    if (lease === undefined || isFull()) return;
    const given = {
      client_id: uuid(),
      assignment: lease.assignment,
      seconds: clock.take(),
      ...state.say(draft, labels),
      ...(asked() || draft.isDeclined ? { screen: "binary" } : {}),
    };
    now.times = [...now.times.slice(-99), Date.now()];
    // Paint the next item first; the outbox has a disk to write to.
    show(state.answer(session, given));
    byId("announcement").textContent = t("Labeled {labels}.", {
      labels: labels.join(", ") || t("none"),
    });
    const { client_id, assignment } = given;
    put({ kind: "vote", assignment, client_id, vote: given });
  };

  const amend = (/** @type {string[]} */ labels) => {
    const changed = state.say(now.draft, labels);
    const [next, answer] = state.change(now.session, changed);
    if (answer === null) return;
    show(next);
    const { vote } = answer;
    const { client_id, assignment } = vote;
    put({ kind: "edit", assignment, client_id, vote, now: changed });
  };

  const choose = (/** @type {string} */ label) => {
    if (!setup.isMulti) return vote([label]);
    set({ session: state.toggle(now.session, label) });
  };

  const undo = () => {
    const [next, answer] = state.undo(now.session);
    if (answer === null) return say(t("There is nothing to undo."));
    show(next, answer.now);
    const { vote } = answer;
    const { client_id, assignment } = vote;
    put({ kind: "undo", assignment, client_id, vote });
  };

  /** Look at an earlier answer, or at the next item. @param {state.Session} next */
  const look = (next) =>
    show(next, next.revisited ? state.entry(next, next.revisited)?.now : undefined);

  const skip = () => {
    const lease = now.session.queue[0];
    if (lease === undefined || now.session.revisited !== null || isFull()) return;
    ask("skip", "", (reason) => {
      // Another window may have answered the item while the dialog was open.
      if (now.session.queue[0] !== lease) return;
      show(state.pass(now.session));
      const { assignment } = lease;
      const words = reason === "none" ? "" : reason;
      put({ kind: "skip", assignment, client_id: uuid(), words });
    });
  };

  const flag = () => {
    const lease = state.shown(now.session);
    if (lease === undefined) return;
    ask("flag", "", (words) => {
      put({ kind: "flag", assignment: lease.assignment, client_id: uuid(), words });
      say(t("Flagged. The project's experts see it; you can still label it."));
    });
  };

  const comment = () => {
    if (state.shown(now.session) === undefined) return;
    ask("comment", now.draft.comment, (words) => write({ comment: words }));
  };

  const reload = () => {
    forget(state.shown(now.session)?.item.media_url ?? "");
    byId("item").dataset["shown"] = "";
    draw();
  };

  /** @type {Record<string, (event?: KeyboardEvent) => unknown>} */
  const actions = {
    skip,
    flag,
    undo,
    reload,
    search,
    words,
    comment,
    again,
    help: showHelp,
    guide: toggleGuide,
    more: () => {
      for (const button of byId("item").querySelectorAll("button.more")) button.click();
    },
    next: (event) => tools.places?.step(event?.shiftKey ? -1 : 1),
    login: () => byId("login").showModal(),
    submit: () => setup.isMulti && vote(now.session.chosen),
    unsure: () => write({ isUnsure: !now.draft.isUnsure }),
    yes: () => {
      const label = asked();
      if (label !== undefined) vote([label]);
    },
    suggested: () => {
      const suggestion = state.shown(now.session)?.suggestion;
      if (!setup.isMulti || now.session.revisited !== null) return;
      if (!suggestion) return say(t("The model suggests nothing for this item."));
      set({ session: { ...now.session, chosen: [...suggestion.labels] } });
    },
    no: () => write({ isDeclined: asked() !== undefined }),
    find: () => byId("find")?.focus(),
    earlier: () => look(state.step(now.session, -1)),
    later: () => look(state.step(now.session, 1)),
    closer: () => picture?.scale(1.25),
    farther: () => picture?.scale(0.8),
    fit: () => {
      picture?.fit();
      picture?.plain();
    },
  };
  return { actions, choose, look };
};
