/** What the server does not know yet, in IndexedDB: a closed tab loses nothing. */

const STORE = "ops";

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

let count = 0;
/** Sorts in the order of the answers, also among windows. */
const nextKey = () => {
  count += 1;
  const parts = [Date.now(), count, Math.floor(Math.random() * 1e6)];
  return parts.map((n) => String(n).padStart(15, "0")).join("-");
};

/**
 * @typedef {import("./state.js").Op} Op
 * @typedef {Op extends infer O ? O extends Op ? Omit<O, "key"> : never : never} Draft
 */

/** @param {string} name one outbox for each person and project */
export const openOutbox = async (name) => {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () =>
    request.result.createObjectStore(STORE, { keyPath: "key" });
  const db = await done(request);
  /** @param {IDBTransactionMode} mode */
  const store = (mode) => db.transaction(STORE, mode).objectStore(STORE);
  /** @returns {Promise<Op[]>} */
  const read = () => done(store("readonly").getAll());
  let ops = await read();
  return {
    /** A view for drawing; the truth is in the database. */
    get ops() {
      return ops;
    },
    /** @param {Draft} draft */
    add: (draft) => {
      const op = /** @type {Op} */ ({ ...draft, key: nextKey() });
      ops = [...ops, op];
      return done(store("readwrite").add(op));
    },
    reload: async () => {
      ops = await read();
      return ops;
    },
    /** @param {Op[]} gone */
    remove: async (gone) => {
      const keys = new Set(gone.map((op) => op.key));
      ops = ops.filter((op) => !keys.has(op.key));
      const target = store("readwrite");
      await Promise.all([...keys].map((key) => done(target.delete(key))));
    },
    /** @param {Op[]} changed */
    write: async (changed) => {
      const target = store("readwrite");
      await Promise.all(changed.map((op) => done(target.put(op))));
    },
  };
};
