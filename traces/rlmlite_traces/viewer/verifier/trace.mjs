/**
 * A trace, verified: is it what an honest writer would have written, and is it the one that is meant?
 *
 * Four passes over its files, each of which relies on the ones before:
 *
 * 1. the chain: every line of `trace.jsonl` is canonical, in its place, and follows from the one before. That gives the
 *    root, which is compared with the one that is known;
 * 2. contents: the ref of every blob is computed from its salt and its bytes;
 * 3. references: each step gets its calls from `effects.jsonl`, and every blob that it or they name is there, or redacted;
 * 4. leftovers: no line of calls that no step counts, and in a sealed trace no blob that nothing names.
 *
 * What this does NOT check: that the kernel did what the records say. For that a trace is executed again, which
 * `rlmlite trace replay` does. Nor who wrote it, or whether an answer is right. Without a known root a trace that was
 * rewritten whole is not found, and one that was cut off after a record looks like one whose run was stopped (OPEN).
 *
 * Nothing here reads a file or a clock: files are bytes by name, and a verdict is data.
 */

import { textOf } from "./hashes.mjs";
import { Blobs, isRef, namedBy } from "./blobs.mjs";
import { StepCalls } from "./calls.mjs";
import { Chain, checkRedacted, readRedactions } from "./chain.mjs";
import { FORMAT_ONE } from "./format_one.mjs";
import { Digits, JsonError, readJson } from "./json.mjs";
import { BLOBS, EFFECTS, FORMAT_TWO, RECORDS, REDACTIONS } from "./records.mjs";
import { broken, TraceError } from "./shapes.mjs";

const LONGEST_LINE = 64 * 1024 * 1024;
const FORMATS = new Map([[1, FORMAT_ONE], [2, FORMAT_TWO]]);
const NEWEST = 2;

/**
 * The trace, checked whole. `files` are the bytes of a trace's folder by name: `trace.jsonl`, `blobs.jsonl`,
 * `effects.jsonl`, `blobs/REF` for each large content, and `redactions.jsonl` if there is one. Throws `TraceError`.
 */
export function verifyTrace(files, { root = null, atLeast = "OPEN" } = {}) {
  for (const name of [RECORDS, BLOBS, EFFECTS]) {
    if (files[name] === undefined) throw new TraceError("TraceMissingError", `${name}: no such file`);
  }
  const layout = layoutOf(files[RECORDS]);
  const { chain, records } = readChain(files[RECORDS], layout);
  const level = levelOf(chain, root, atLeast);
  const redactions = readRedactions(linesOf(files[REDACTIONS] ?? [], REDACTIONS), chain, records);
  const blobs = new Blobs(linesOf(files[BLOBS], BLOBS), largeFiles(files), layout);
  const calls = new StepCalls([...linesOf(files[EFFECTS], EFFECTS)], layout, records[0].run);
  const { named, callsOf } = resolve(records, calls, blobs, redactions);
  if (records[0].v === NEWEST) checkOrder(blobs, named);
  if (calls.remaining) throw broken(EFFECTS, calls.next, "effects-stray", "no more lines", `${calls.remaining} lines`);
  if (chain.isSealed) refuseUnnamed(blobs, named);
  return { root: chain.root, level, records, blobs, callsOf, redactions };
}

/** The lines of a file, one by one, without their newlines. */
export function* linesOf(bytes, file, longest = LONGEST_LINE) {
  for (let start = 0, position = 0; start < bytes.length; position++) {
    const stop = bytes.indexOf(10, start);
    if (stop < 0) throw broken(file, position, "newline", "a newline at the end", `${bytes.length - start} bytes without one`);
    if (stop - start > longest) throw broken(file, position, "length", `at most ${longest} bytes`, stop - start);
    yield bytes.subarray(start, stop);
    start = stop + 1;
  }
}

/** How the lines of this trace are read, by the number in its first line. */
function layoutOf(bytes) {
  const end = bytes.indexOf(10);
  const number = numberIn(bytes.subarray(0, end < 0 ? bytes.length : end));
  const layout = FORMATS.get(number);
  if (layout === undefined) throw new TraceError("UnknownFormatError", `the trace has format ${number}, and this reader knows ${NEWEST}`);
  return layout;
}

/** The `v` of a first line. One that cannot be read counts as the newest format, whose reader says what is wrong. */
function numberIn(line) {
  try {
    const { v } = readJson(textOf(line) ?? "") ?? {};
    return v instanceof Digits && v.isWhole ? Number(v.spelling) : NEWEST;
  } catch (error) {
    if (error instanceof JsonError) return NEWEST;
    throw error;
  }
}

function readChain(bytes, layout) {
  const chain = new Chain(), records = [];
  [...linesOf(bytes, RECORDS)].forEach((line, position) => {
    const { record, before } = layout.record(line, position);
    chain.check(record, before);
    chain.add(record, line);
    records.push(record);
  });
  if (records.length === 0) throw broken(RECORDS, 0, "genesis", "a genesis record", "an empty file");
  return { chain, records };
}

function levelOf(chain, root, atLeast) {
  if (root !== null && chain.root !== root) {
    throw new TraceError("RootMismatchError", `expected root ${root}, found ${chain.root}: it was altered, cut off after a record, or is of another run`);
  }
  const level = chain.isSealed ? "SEALED" : "OPEN";
  if (atLeast === "SEALED" && level === "OPEN") throw new TraceError("LevelError", "expected level SEALED, found OPEN");
  return level;
}

/** The files of large contents, by ref. Other names in `blobs/` are no part of a trace. */
function largeFiles(files) {
  const large = Object.create(null);
  for (const [name, content] of Object.entries(files)) {
    if (name.startsWith("blobs/") && isRef(name.slice(6))) large[name.slice(6)] = content;
  }
  return large;
}

/** All refs of blobs that records and their calls name, as they are first named, and the calls of each record. */
function resolve(records, calls, blobs, redactions) {
  const redacted = new Set(records.flatMap((record) => (record.kind === "redact" ? record.refs : [])));
  for (const { refs } of redactions) refs.forEach((ref) => redacted.add(ref));
  const named = new Set(), callsOf = [];
  let absent = null;
  records.forEach((record, seq) => {
    const own = calls.take(record);
    callsOf.push(own);
    for (const ref of namedBy(record, own, blobs)) {
      if (!blobs.has(ref) && !redacted.has(ref)) absent ??= { ref, seq };
      named.add(ref);
    }
  });
  records.forEach((record, seq) => {
    for (const ref of record.kind === "redact" ? record.refs : []) {
      const isGone = named.has(ref) && !blobs.has(ref);
      if (!isGone) throw broken(RECORDS, seq, "redact", "a blob that a record names, and that is gone", ref);
    }
  });
  checkRedacted(redactions, records, named, blobs);
  if (absent) throw new TraceError("BlobAbsentError", `record ${absent.seq} refers to blob ${absent.ref.slice(0, 12)}, which is absent`);
  return { named, callsOf };
}

/** Lines of blobs stand in the order in which records first name them, so none can be moved. */
function checkOrder(blobs, named) {
  const lines = new Set(blobs.refs);
  const stored = blobs.refs.flatMap((ref, position) => (named.has(ref) ? [{ ref, position }] : []));
  const expected = [...named].filter((ref) => lines.has(ref));
  stored.forEach(({ ref, position }, place) => {
    if (ref !== expected[place]) throw broken(BLOBS, position, "order", expected[place].slice(0, 12), ref.slice(0, 12));
  });
}

/** Content that no record names could smuggle data along. */
function refuseUnnamed(blobs, named) {
  const unnamed = blobs.refs.find((ref) => !named.has(ref)) ?? blobs.strays()[0];
  if (unnamed !== undefined) {
    throw new TraceError("BlobUnreferencedError", `the trace holds blob ${unnamed.slice(0, 12)}, to which no record refers`);
  }
}
