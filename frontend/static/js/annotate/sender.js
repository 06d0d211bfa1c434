/** Sends the outbox in order; one window at a time, each answer exactly once. */
import { plan } from "./state.js";

/**
 * @typedef {import("./state.js").Op} Op
 * @typedef {import("./state.js").Saved} Saved
 * @typedef {import("./api.js").Call} Call
 * @typedef {{code?: string, detail?: string, title?: string}} Problem
 * @typedef {Pick<Awaited<ReturnType<typeof import("./outbox.js").openOutbox>>, "ops" | "reload" | "remove" | "write">} Outbox
 * @typedef {(id: string, saved: Saved | null, problem?: Problem) => void} OnReply
 */

/** @param {string} name @param {() => Promise<void>} work */
const alone = (name, work) =>
  // Only secure pages have locks. Without them two windows may send the same answers,
  // and the server takes the second ones as sent again: client_id tells.
  globalThis.navigator?.locks ? navigator.locks.request(name, work) : work();

/** @param {unknown} error */
const status = (error) => /** @type {{status?: number}} */ (error).status ?? 0;

/** @param {unknown} error @returns {Problem} */
const problemOf = (error) => {
  const { code, message } = /** @type {{code?: string, message?: string}} */ (error);
  return { code: code ?? "", detail: message ?? "" };
};

/** A refusal that trying again cannot change. */
const FINAL = [400, 404, 409, 412, 413, 422];
/** The fault may lie in one answer of a batch. */
const SUSPECT = [400, 413, 422, 500];

/** @param {{name: string, outbox: Outbox, call: Call, onReply: OnReply}} parts */
export const makeSender = ({ name, outbox, call, onReply }) => {
  /** What the server calls the answers of this window. @type {Map<string, Saved>} */
  const known = new Map();

  /** @param {any} result @returns {Saved | null} */
  const note = ({ client_id: id, annotation, problem }) => {
    const saved = annotation
      ? {
          id: annotation.id,
          version: annotation.version,
          revealed: annotation.revealed,
        }
      : null;
    if (saved) known.set(id, saved);
    onReply(id, saved, problem);
    return saved;
  };

  /** @param {Op[]} votes @returns {Promise<void>} */
  const sendVotes = async (votes) => {
    const tried = votes.map((o) => /** @type {Op} */ ({ ...o, tried: true }));
    // Before the call: should the window close in between, the answer may have arrived,
    // so its undo must not cancel it here alone.
    await outbox.write(tried);
    try {
      const { results } = await call(
        "annotations/",
        tried.map((o) => ("vote" in o ? o.vote : null)),
      );
      results.forEach(note);
    } catch (error) {
      if (!SUSPECT.includes(status(error))) throw error;
      // The first one alone; the next round sends the others. So one bad answer holds
      // none up.
      if (votes.length > 1) return sendVotes(votes.slice(0, 1));
      if (!FINAL.includes(status(error))) throw error;
      for (const op of votes) onReply(op.client_id, null, problemOf(error));
    }
    await outbox.remove(votes);
  };

  /** Ask what the server calls an answer: the same answer again writes nothing. @param {Op} op */
  const ask = async (op) => {
    if (!("vote" in op)) return null;
    const { results } = await call("annotations/", [op.vote]);
    return note(results[0]);
  };

  /** @param {Op} op @param {Saved} saved */
  const change = (op, { id, version }) =>
    op.kind === "edit"
      ? call(`annotations/${id}/`, op.now, { method: "PATCH", version })
      : call(`annotations/${id}/`, undefined, { method: "DELETE", version });

  /** @param {Op} op */
  const sendChange = async (op) => {
    const saved = known.get(op.client_id) ?? (await ask(op));
    if (saved === null) return;
    let after;
    try {
      after = await change(op, saved);
    } catch (error) {
      if (status(error) !== 412) throw error;
      // Another window changed it: this change is the later one.
      const now = await call(`annotations/${saved.id}/`, undefined, { method: "GET" });
      after = await change(op, now);
    }
    if (op.kind === "edit") note({ client_id: op.client_id, annotation: after });
  };

  /** @param {Op} op */
  const sendOne = async (op) => {
    try {
      if (op.kind === "skip")
        await call(`assignments/${op.assignment}/skip/`, { reason: op.words });
      else if (op.kind === "flag")
        await call(`assignments/${op.assignment}/flag/`, { comment: op.words });
      else await sendChange(op);
    } catch (error) {
      if (!FINAL.includes(status(error))) throw error;
      onReply(op.client_id, null, problemOf(error));
    }
    await outbox.remove([op]);
  };

  // Two reasons to send: all that waited when it was asked for, or enough for a
  // full batch. What comes in meanwhile waits for the next batch.
  let isAll = false;
  let full = Infinity;
  const flush = async () => {
    let last = "";
    for (;;) {
      const ops = await outbox.reload();
      if (isAll) last = ops.at(-1)?.key ?? "";
      isAll = false;
      const { drop, send } = plan(ops);
      const [first] = send;
      if (drop.length > 0) await outbox.remove(drop);
      else if (first === undefined || (first.key > last && ops.length < full)) return;
      else if (first.kind === "vote") await sendVotes(send);
      else await sendOne(first);
    }
  };

  /** @type {Promise<void> | null} */
  let sending = null;
  return (batch = 1) => {
    if (batch === 1) isAll = true;
    else full = batch;
    sending ??= alone(name, flush).finally(() => {
      sending = null;
    });
    return sending;
  };
};
