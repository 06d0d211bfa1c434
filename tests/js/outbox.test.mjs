import assert from "node:assert/strict";
import { test } from "node:test";
import { inMemory, openOutbox } from "../../frontend/static/js/annotate/outbox.js";
import { makeSender } from "../../frontend/static/js/annotate/sender.js";

const vote = (n) => ({
  kind: "vote",
  assignment: n,
  client_id: `c${n}`,
  vote: { client_id: `c${n}`, assignment: n, labels: ["x"] },
});
const undo = (n) => ({ ...vote(n), kind: "undo" });
const edit = (n) => ({ ...vote(n), kind: "edit", now: { labels: ["y"] } });
const open = (table = inMemory()) => openOutbox("o", async () => table);
const refused = (status, code) => Object.assign(new Error(code), { status, code });
const pause = () => new Promise((go) => setImmediate(go));

/** A server as the station sees it: answers by client_id, versions, and what was called. */
const makeServer = () => {
  const answers = new Map();
  const calls = [];
  let trouble = [];
  let next = 1;
  const call = async (path, body, { method = "POST", version } = {}) => {
    calls.push(`${method} ${path}${Array.isArray(body) ? ` ${body.map((v) => v.client_id)}` : ""}`);
    await pause();
    const failure = trouble.shift();
    if (failure === "before") throw new TypeError("network");
    if (failure && failure !== "after") throw failure;
    const said = answer(path, body, method, version);
    if (failure === "after") throw new TypeError("network");
    return said;
  };
  const answer = (path, body, method, version) => {
    if (path === "annotations/") return { results: body.map(keep) };
    const found = [...answers.values()].find((a) => path === `annotations/${a.id}/`);
    if (path.startsWith("assignments/")) return {};
    if (!found || found.isUndone) throw refused(404, "not_found");
    if (method === "GET") return { ...found };
    if (version !== found.version) throw refused(412, "stale_version");
    found.version += 1;
    if (method === "DELETE") found.isUndone = true;
    else found.labels = body.labels;
    return { ...found };
  };
  const keep = ({ client_id, labels }) => {
    if (labels.includes("gone")) return { client_id, problem: { code: "invalid" } };
    if (!answers.has(client_id)) {
      answers.set(client_id, { id: next, version: 1, labels });
      next += 1;
    }
    return { client_id, annotation: { ...answers.get(client_id) } };
  };
  return { call, calls, answers, fail: (...how) => { trouble = how; } };
};

const station = async (server, table) => {
  const outbox = await open(table);
  const heard = [];
  const onReply = (id, saved, problem) => heard.push([id, saved?.version ?? null, problem?.code]);
  return { outbox, heard, send: makeSender({ name: "o", outbox, call: server.call, onReply }) };
};

test("what is added while the outbox is read is not forgotten", async () => {
  const table = inMemory();
  const outbox = await open({ ...table, all: async () => { const found = await table.all(); await pause(); return found; } });
  const reading = outbox.reload();
  await outbox.add(vote(1));
  await reading;
  assert.equal(outbox.ops.length, 1);
});

test("what was removed elsewhere is forgotten", async () => {
  const table = inMemory();
  const outbox = await open(table);
  await outbox.add(vote(1));
  await table.drop(outbox.ops.map((op) => op.key));
  await outbox.reload();
  assert.equal(outbox.ops.length, 0);
});

test("a browser that stores nothing says so, and the answer is still sent", async () => {
  const outbox = await openOutbox("o", () => Promise.reject(new Error("private")));
  await assert.rejects(outbox.add(vote(1)), /stores nothing/);
  assert.equal(outbox.isSafe, false);
  const server = makeServer();
  await makeSender({ name: "o", outbox, call: server.call, onReply: () => {} })();
  assert.equal(server.answers.size, 1);
  assert.equal(outbox.isSafe, true);
});

test("an answer that the full disk refused is still sent", async () => {
  const table = { ...inMemory(), add: () => Promise.reject(new Error("quota")) };
  const server = makeServer();
  const { outbox, send } = await station(server, table);
  await assert.rejects(outbox.add(vote(1)), /quota/);
  await send();
  assert.equal(server.answers.size, 1);
  assert.equal(outbox.ops.length, 0);
});

test("all goes in one call and in order", async () => {
  const server = makeServer();
  const { outbox, send } = await station(server);
  for (const n of [1, 2, 3]) await outbox.add(vote(n));
  await send();
  assert.deepEqual(server.calls, ["POST annotations/ c1,c2,c3"]);
  assert.equal(outbox.ops.length, 0);
});

test("with a least number, fewer stay for the next time", async () => {
  const server = makeServer();
  const { outbox, send } = await station(server);
  for (const n of [1, 2]) await outbox.add(vote(n));
  await send(5);
  assert.equal(outbox.ops.length, 2);
  await send();
  assert.equal(outbox.ops.length, 0);
});

test("a lost receipt, then an undo: the answer is found and taken back once", async () => {
  const server = makeServer();
  const { outbox, send } = await station(server);
  await outbox.add(vote(1));
  server.fail("after");
  await assert.rejects(send());
  await outbox.add(undo(1));
  await send();
  assert.equal(server.answers.get("c1").isUndone, true);
  assert.equal(outbox.ops.length, 0);
});

test("an undo from a window that never heard the receipt finds its answer", async () => {
  const server = makeServer();
  const table = inMemory();
  const first = await station(server, table);
  await first.outbox.add(vote(1));
  await first.send();
  const second = await station(server, table);
  await second.outbox.add(undo(1));
  await second.send();
  assert.equal(server.answers.get("c1").isUndone, true);
});

test("a change of a version that is not the newest any more is made on the newest", async () => {
  const server = makeServer();
  const { outbox, send } = await station(server);
  await outbox.add(vote(1));
  await send();
  server.answers.get("c1").version = 7;
  await outbox.add(edit(1));
  await send();
  assert.deepEqual(server.answers.get("c1").labels, ["y"]);
  assert.equal(server.answers.get("c1").version, 8);
});

test("one bad answer does not hold the others back", async () => {
  const server = makeServer();
  const { outbox, send, heard } = await station(server);
  for (const n of [1, 2, 3]) await outbox.add(vote(n));
  server.fail(refused(400, "invalid"), refused(400, "invalid"));
  await send();
  assert.deepEqual([...server.answers.keys()], ["c2", "c3"]);
  assert.deepEqual(heard[0], ["c1", null, "invalid"]);
  assert.equal(outbox.ops.length, 0);
});

test("an answer that does not fit is told apart within its batch", async () => {
  const server = makeServer();
  const { outbox, send, heard } = await station(server);
  const odd = vote(2);
  odd.vote = { ...odd.vote, labels: ["gone"] };
  await outbox.add(vote(1));
  await outbox.add(odd);
  await send();
  assert.deepEqual(heard, [["c1", 1, undefined], ["c2", null, "invalid"]]);
});

for (const status of [401, 403, 429, 503]) {
  test(`a refusal ${status} keeps everything`, async () => {
    const server = makeServer();
    const { outbox, send } = await station(server);
    for (const op of [vote(1), { ...vote(2), kind: "skip", words: "" }]) await outbox.add(op);
    server.fail(refused(status));
    await assert.rejects(send());
    assert.equal(outbox.ops.length, 2);
    await send();
    assert.equal(outbox.ops.length, 0);
  });
}
