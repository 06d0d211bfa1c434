/** What the server does not know yet, in IndexedDB: a closed tab loses nothing. */

const STORE = "ops";

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * @typedef {import("./state.js").Op} Op
 * @typedef {Op extends infer O ? O extends Op ? Omit<O, "key"> : never : never} Draft
 * @typedef {{
 *   all: () => Promise<Op[]>, add: (op: Op) => Promise<unknown>,
 *   put: (ops: Op[]) => Promise<unknown>, drop: (keys: Iterable<string>) => Promise<unknown>,
 * }} Table
 */

/** @param {string} name @returns {Promise<Table>} */
const openTable = async (name) => {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () =>
    request.result.createObjectStore(STORE, { keyPath: "key" });
  const db = await done(request);
  /** @param {IDBTransactionMode} mode */
  const store = (mode) => db.transaction(STORE, mode).objectStore(STORE);
  return {
    all: async () => done(store("readonly").getAll()),
    add: async (op) => done(store("readwrite").add(op)),
    put: async (ops) => {
      const target = store("readwrite");
      // All at once: a transaction of IndexedDB ends as soon as something else is
      // awaited.
      await Promise.all(ops.map((op) => done(target.put(op))));
    },
    drop: async (keys) => {
      const target = store("readwrite");
      await Promise.all([...keys].map((key) => done(target.delete(key))));
    },
  };
};

/** A table for browsers that store nothing: it lives as long as its window. @returns {Table} */
export const inMemory = () => {
  /** @type {Map<string, Op>} */
  const kept = new Map();
  const put = async (/** @type {Op[]} */ ops) => {
    for (const op of ops) kept.set(op.key, op);
  };
  return {
    put,
    all: async () => [...kept.values()],
    add: (op) => put([op]),
    drop: async (keys) => {
      for (const key of keys) kept.delete(key);
    },
  };
};

/**
 * @param {string} name one outbox for each person and project
 * @param {(name: string) => Promise<Table>} [open]
 */
export const openOutbox = async (name, open = openTable) => {
  const opened = await open(name).catch(() => null);
  const table = opened ?? inMemory();
  /** Could not be stored; sent all the same while this window lives. @type {Set<string>} */
  const unstored = new Set();
  let ops = await table.all();
  let last = 0;
  let count = 0;

  /** Sorts in the order of the answers, also among windows and when the clock is set back. */
  const nextKey = () => {
    last = Math.max(last, Date.now());
    count += 1;
    const parts = [last, count, Math.floor(Math.random() * 1e6)];
    return parts.map((n) => String(n).padStart(15, "0")).join("-");
  };
  const order = (/** @type {Op[]} */ some) =>
    some.sort((a, b) => (a.key < b.key ? -1 : 1));

  return {
    /** A view for drawing; the truth is in the table. */
    get ops() {
      return ops;
    },
    /** Would everything here outlive this window? */
    get isSafe() {
      return (opened !== null && unstored.size === 0) || ops.length === 0;
    },
    /** @param {Draft} draft */
    add: async (draft) => {
      const op = /** @type {Op} */ ({ ...draft, key: nextKey() });
      // Before the table has it: what is drawn and sent must not wait for the disk.
      ops = [...ops, op];
      try {
        await table.add(op);
      } catch (error) {
        unstored.add(op.key);
        throw error;
      }
      if (opened === null) throw new Error("this browser stores nothing");
    },
    /** Read the table, without forgetting what was added while it was read. */
    reload: async () => {
      const before = new Set(ops.map((op) => op.key));
      const stored = await table.all();
      const known = new Set(stored.map((op) => op.key));
      const isNew = (/** @type {Op} */ { key }) =>
        !before.has(key) || unstored.has(key);
      ops = order([...stored, ...ops.filter((op) => !known.has(op.key) && isNew(op))]);
      return ops;
    },
    /** @param {Op[]} gone */
    remove: async (gone) => {
      const keys = new Set(gone.map((op) => op.key));
      ops = ops.filter((op) => !keys.has(op.key));
      for (const key of keys) unstored.delete(key);
      await table.drop(keys);
    },
    /** @param {Op[]} changed */
    write: async (changed) => {
      const now = new Map(changed.map((op) => [op.key, op]));
      ops = ops.map((op) => now.get(op.key) ?? op);
      await table.put(changed.filter((op) => !unstored.has(op.key)));
    },
  };
};
