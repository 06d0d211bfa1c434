import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isPossible, MOST, partsOf, sumOf } from "../../frontend/static/js/lib/zip.js";

const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);

/** @param {string} path @param {...string} pieces */
const source = (path, ...pieces) => ({
  path,
  size: bytes(pieces.join("")).length,
  data: bytes(pieces.join("")),
  stream: async function* () {
    for (const piece of pieces) yield bytes(piece);
  },
});

test("the checksum is that of ZIP, also piece by piece", () => {
  assert.equal(sumOf(bytes("123456789")), 0xcbf43926);
  assert.equal(sumOf(bytes("6789"), sumOf(bytes("12345"))), 0xcbf43926);
  assert.equal(sumOf(bytes("")), 0);
});

test("what is written another program reads", async () => {
  const files = [source("Tiere/Größe/a.txt", "hello ", "world"), source("empty"), source("b.txt", "é")];
  /** @type {number[]} */
  const told = [];
  const parts = await partsOf(files, (count) => told.push(count));
  const whole = Buffer.concat(parts.map((part) => ("data" in part ? part.data : part)));
  const path = join(mkdtempSync(join(tmpdir(), "zip-")), "x.zip");
  writeFileSync(path, whole);
  const words =
    "import json,sys,zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None;" +
    "print(json.dumps({n: z.read(n).decode() for n in z.namelist()}))";
  const read = JSON.parse(execFileSync("python3", ["-c", words, path], { encoding: "utf-8" }));
  assert.deepEqual(read, { "Tiere/Größe/a.txt": "hello world", empty: "", "b.txt": "é" });
  assert.deepEqual(told, [1, 2, 3]);
});

test("what does not fit is said before it is read", () => {
  assert.ok(isPossible([{ size: 3 }]));
  assert.ok(!isPossible([{ size: MOST.bytes }]));
  assert.ok(!isPossible(Array.from({ length: MOST.files + 1 }, () => ({ size: 1 }))));
});
