/**
 * Files as one ZIP, stored as they are: the files themselves are parts of it, so that they
 * need not be in memory.
 * @typedef {{path: string, size: number, stream: () => AsyncIterable<Uint8Array>}} Source
 * @typedef {{path: Uint8Array, size: number, sum: number, at: number}} Stored
 */

/** What a ZIP without extensions can hold. */
export const MOST = { files: 65_535, bytes: 2 ** 32 - 1 };

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++)
    sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

/** The checksum of bytes behind others (CRC-32). @param {Uint8Array} bytes @param {number} [before] */
export const sumOf = (bytes, before = 0) => {
  let sum = ~before;
  for (const byte of bytes) sum = (TABLE[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8);
  return ~sum >>> 0;
};

/** Numbers of two and of four bytes, the lowest byte first: each named by its size. @param {...({two: number} | {four: number})} numbers */
const packed = (...numbers) =>
  Uint8Array.from(
    numbers.flatMap((number) => {
      const [value, size] = "two" in number ? [number.two, 2] : [number.four, 4];
      return Array.from({ length: size }, (_, n) => Math.floor(value / 256 ** n) % 256);
    }),
  );

/** What stands of a file both before it and in the list at the end. @param {Stored} file */
const facts = ({ path, size, sum }) => [
  // Version 2.0, names in UTF-8, no compression, at the beginning of 1980.
  ...[20, 0x800, 0, 0, 33].map((two) => ({ two })),
  ...[sum, size, size].map((four) => ({ four })),
  ...[path.length, 0].map((two) => ({ two })),
];

/** @param {Stored} file */
const before = (file) => packed({ four: 0x04034b50 }, ...facts(file));

/** @param {Stored} file */
const listed = (file) =>
  packed(
    { four: 0x02014b50 },
    { two: 20 },
    ...facts(file),
    ...[0, 0, 0].map((two) => ({ two })),
    ...[0, file.at].map((four) => ({ four })),
  );

/** @param {number} count @param {number} size @param {number} at */
const ending = (count, size, at) =>
  packed(
    { four: 0x06054b50 },
    ...[0, 0, count, count].map((two) => ({ two })),
    ...[size, at].map((four) => ({ four })),
    { two: 0 },
  );

/** Whether these files fit into one, by their number and sizes. @param {{size: number}[]} files */
export const isPossible = (files) =>
  files.length <= MOST.files &&
  files.reduce((bytes, { size }) => bytes + size + 1000, 0) < MOST.bytes;

/**
 * Return the parts of a ZIP in their order; each file is read once.
 * @template {Source} T
 * @param {T[]} files @param {(count: number) => void} tell
 * @returns {Promise<(Uint8Array | T)[]>}
 */
export const partsOf = async (files, tell) => {
  /** @type {(Uint8Array | T)[]} */
  const parts = [];
  /** @type {Stored[]} */
  const stored = [];
  let at = 0;
  for (const file of files) {
    let sum = 0;
    for await (const piece of file.stream()) sum = sumOf(piece, sum);
    const path = new TextEncoder().encode(file.path);
    const entry = { path, size: file.size, sum, at };
    const head = before(entry);
    parts.push(head, path, file);
    stored.push(entry);
    at += head.length + path.length + file.size;
    tell(stored.length);
  }
  const list = stored.flatMap((entry) => [listed(entry), entry.path]);
  const size = list.reduce((sum, { length }) => sum + length, 0);
  return [...parts, ...list, ending(stored.length, size, at)];
};
