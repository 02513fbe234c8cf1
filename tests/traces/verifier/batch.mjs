/**
 * Judges many traces in one process: a case on standard input, its verdict as a line on standard output.
 *
 * A case is a line of JSON, `{ root, files: [[name, size], ...] }`, and then the bytes of its files, end to end.
 */

import { readSync } from "node:fs";

import { judge } from "../../../traces/verify.mjs";

/** The next bytes of standard input, at most `size`; fewer at its end. */
function read(size) {
  const bytes = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const count = readSome(bytes, at);
    if (count === 0) break;
    at += count;
  }
  return bytes.subarray(0, at);
}

function readSome(bytes, at) {
  try {
    return readSync(0, bytes, at, bytes.length - at, null);
  } catch (error) {
    if (error.code === "EAGAIN") return readSome(bytes, at); // a pipe with nothing in it yet
    if (error.code === "EOF") return 0;
    throw error;
  }
}

for (;;) {
  const head = read(4);
  if (head.length < 4) break;
  const { root, files: sizes } = JSON.parse(new TextDecoder().decode(read(new DataView(head.buffer).getUint32(0))));
  const files = Object.create(null);
  for (const [name, size] of sizes) files[name] = read(size);
  process.stdout.write(`${JSON.stringify(judge(files, { root }))}\n`);
}
