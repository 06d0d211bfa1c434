/** What a person can do at the station, by key or by button. */
import { uuid } from "./api.js";
import { setPressed, toggleGuide } from "./board.js";
import { byId, clock, outbox, say, setup } from "./desk.js";
import { ask, showHelp } from "./dialogs.js";
import {
  askedLabel,
  current,
  draw,
  picture,
  show,
  update,
  updateDraft,
} from "./screen.js";
import * as state from "./state.js";
import { forget } from "./view.js";
import { t } from "./words.js";

/** How many votes may wait to be sent. */
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
  search: undefined,
  /** @type {((isOn: boolean) => void) | undefined} */
  influence: undefined,
  isMarking: false,
};

const search = async () => {
  const form = byId("search");
  if (form === null || state.shown(current.session) === undefined) return;
  form.hidden = false;
  // Ready at once: what is typed meanwhile must not reach the labels.
  form.querySelector("input").select();
  tools.search ??= (await import("./search.js")).makeSearch(form, byId("item"));
  tools.search.open();
};

const words = async () => {
  if (document.querySelector("[data-do=words]") === null) return;
  tools.isMarking = !tools.isMarking;
  setPressed("words", tools.isMarking);
  tools.influence ??= (await import("./influence.js")).makeInfluence(byId("item"));
  tools.influence(tools.isMarking);
};

/** @param {{keep: (draft: import("./outbox.js").Draft) => void, again: () => unknown}} page */
export const makeActions = ({ keep, again }) => {
  const vote = (/** @type {string[]} */ labels) => {
    const { session, draft } = current;
    if (session.revisited !== null) return amend(labels);
    const lease = session.queue[0];
    if (lease === undefined || isFull()) return;
    const given = {
      client_id: uuid(),
      assignment: lease.assignment,
      seconds: clock.take(),
      ...state.say(draft, labels),
      ...(askedLabel() || draft.isDeclined ? { screen: "binary" } : {}),
    };
    current.times = [...current.times.slice(-99), Date.now()];
    // Paint the next item first; the outbox has a disk to write to.
    show(state.answer(session, given));
    byId("announcement").textContent = t("Labeled {labels}.", {
      labels: labels.join(", ") || t("none"),
    });
    const { client_id, assignment } = given;
    keep({ kind: "vote", assignment, client_id, vote: given });
  };

  const amend = (/** @type {string[]} */ labels) => {
    const changed = state.say(current.draft, labels);
    const [next, answer] = state.change(current.session, changed);
    if (answer === null) return;
    show(next);
    const { vote } = answer;
    const { client_id, assignment } = vote;
    keep({ kind: "edit", assignment, client_id, vote, now: changed });
  };

  const choose = (/** @type {string} */ label) => {
    if (!setup.isMulti) return vote([label]);
    update({ session: state.toggle(current.session, label) });
  };

  const undo = () => {
    const [next, answer] = state.undo(current.session);
    if (answer === null) return say(t("There is nothing to undo."));
    show(next, answer.now);
    const { vote } = answer;
    const { client_id, assignment } = vote;
    keep({ kind: "undo", assignment, client_id, vote });
  };

  /** Look at an earlier answer, or at the next item. @param {state.Session} next */
  const look = (next) =>
    show(next, next.revisited ? state.entry(next, next.revisited)?.now : undefined);

  const skip = () => {
    const lease = current.session.queue[0];
    if (lease === undefined || current.session.revisited !== null || isFull()) return;
    ask("skip", "", (reason) => {
      // Another window may have answered the item while the dialog was open.
      if (current.session.queue[0] !== lease) return;
      show(state.pass(current.session));
      const { assignment } = lease;
      const words = reason === "none" ? "" : reason;
      keep({ kind: "skip", assignment, client_id: uuid(), words });
    });
  };

  const flag = () => {
    const lease = state.shown(current.session);
    if (lease === undefined) return;
    ask("flag", "", (words) => {
      keep({ kind: "flag", assignment: lease.assignment, client_id: uuid(), words });
      say(t("Flagged. The project's experts see it; you can still label it."));
    });
  };

  const comment = () => {
    if (state.shown(current.session) === undefined) return;
    ask("comment", current.draft.comment, (words) => updateDraft({ comment: words }));
  };

  const reload = () => {
    forget(state.shown(current.session)?.item.media_url ?? "");
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
    next: (event) => tools.search?.step(event?.shiftKey ? -1 : 1),
    login: () => byId("login").showModal(),
    submit: () => setup.isMulti && vote(current.session.chosen),
    unsure: () => updateDraft({ isUnsure: !current.draft.isUnsure }),
    yes: () => {
      const label = askedLabel();
      if (label !== undefined) vote([label]);
    },
    suggested: () => {
      const suggestion = state.shown(current.session)?.suggestion;
      if (!setup.isMulti || current.session.revisited !== null) return;
      if (!suggestion) return say(t("The model suggests nothing for this item."));
      update({ session: { ...current.session, chosen: [...suggestion.labels] } });
    },
    no: () => updateDraft({ isDeclined: askedLabel() !== undefined }),
    find: () => byId("find")?.focus(),
    earlier: () => look(state.step(current.session, -1)),
    later: () => look(state.step(current.session, 1)),
    closer: () => picture?.scale(1.25),
    farther: () => picture?.scale(0.8),
    fit: () => {
      picture?.fit();
      picture?.plain();
    },
  };
  return { actions, choose, look };
};
