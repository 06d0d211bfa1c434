/** Sends the outbox in order; one window at a time, each answer exactly once. */
import { plan } from "./state.js";

/**
 * @typedef {import("./state.js").Op} Op
 * @typedef {import("./state.js").Saved} Saved
 * @typedef {Awaited<ReturnType<typeof import("./outbox.js").openOutbox>>} Outbox
 * @typedef {(path: string, body?: unknown, options?: {method?: string, version?: number}) => Promise<any>} Call
 * @typedef {{status?: number, message?: string}} Trouble
 */

/** @param {string} name @param {() => Promise<void>} work */
const alone = (name, work) =>
  navigator.locks ? navigator.locks.request(name, work) : work();

/** A refusal that trying again cannot change. @param {Trouble} trouble */
const isFinal = (trouble) => [400, 404, 409, 412, 422].includes(trouble.status ?? 0);

/**
 * @param {{name: string, outbox: Outbox, call: Call, told: (id: string, saved: Saved | null, note?: string) => void}} parts
 */
export const makeSender = ({ name, outbox, call, told }) => {
  /** Tell the later changes of an answer what the server calls it. @param {string} id @param {Saved} saved */
  const pass = async (id, saved) => {
    const later = outbox.ops.filter(
      (o) => (o.kind === "undo" || o.kind === "edit") && o.client_id === id,
    );
    await outbox.write(later.map((o) => /** @type {Op} */ ({ ...o, saved })));
    told(id, saved);
  };

  /** @param {Op[]} votes */
  const sendVotes = async (votes) => {
    const tried = votes.map((o) => /** @type {Op} */ ({ ...o, tried: true }));
    await outbox.write(tried);
    const { results } = await call(
      "annotations/",
      tried.map((o) => (o.kind === "vote" ? o.vote : null)),
    );
    for (const result of results) {
      const id = result.client_id;
      if (result.annotation) {
        await pass(id, {
          id: result.annotation.id,
          version: result.annotation.version,
        });
      } else {
        await outbox.remove(outbox.ops.filter((o) => o.client_id === id));
        told(id, null, result.problem.detail || result.problem.title);
      }
    }
    await outbox.remove(votes);
  };

  /** @param {Op} op */
  const sendOne = async (op) => {
    if (op.kind === "skip")
      await call(`assignments/${op.assignment}/skip/`, { reason: op.words });
    if (op.kind === "flag")
      await call(`assignments/${op.assignment}/flag/`, { comment: op.words });
    if ((op.kind === "undo" || op.kind === "edit") && op.saved) {
      const path = `annotations/${op.saved.id}/`;
      const version = op.saved.version;
      if (op.kind === "undo")
        await call(path, undefined, { method: "DELETE", version });
      else {
        const after = await call(
          path,
          { labels: op.labels },
          { method: "PATCH", version },
        );
        await pass(op.client_id, { id: after.id, version: after.version });
      }
    }
    await outbox.remove([op]);
  };

  const flush = async () => {
    for (;;) {
      const { drop, send } = plan(await outbox.reload());
      const [first] = send;
      if (drop.length > 0) await outbox.remove(drop);
      else if (first === undefined) return;
      else if (first.kind === "vote") await sendVotes(send);
      else {
        try {
          await sendOne(first);
        } catch (error) {
          const trouble = /** @type {Trouble} */ (error);
          if (!isFinal(trouble)) throw error;
          await outbox.remove([first]);
          told(first.client_id, null, trouble.message);
        }
      }
    }
  };

  return () => alone(name, flush);
};
