#!/usr/bin/env node
/**
 * The second verifier of rlmlite traces: `node traces/verify.mjs TRACE.rlm [--root HEX] [--at-least sealed] [--json]`.
 *
 * It needs Node 18 or newer and nothing else, and shares no code with the first one, which is Python. It says whether a
 * trace is whole: canonical lines, the chain, the root, contents, calls, nested runs. It does NOT execute anything: that
 * the kernel did what the records say is shown by `rlmlite trace replay` alone.
 *
 *     0  the trace is sound          1  it, or a nested run in it, is not          2  wrong arguments
 *
 * This file reads folders; the checks are in `rlmlite_traces/verifier/`, and begin in `trace.mjs`.
 */

import { lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { nestedRuns } from "./rlmlite_traces/verifier/nested.mjs";
import { TraceError } from "./rlmlite_traces/verifier/shapes.mjs";
import { verifyTrace } from "./rlmlite_traces/verifier/trace.mjs";

const CHECKED = ["trace.jsonl", "blobs.jsonl", "effects.jsonl"];

/** The checked files of a trace's folder by name, those of nested runs too. No link is followed: it may lead anywhere. */
export function readTrace(folder, prefix = "", files = Object.create(null)) {
  files[prefix] = new Uint8Array(); // that a folder is there, though it may be empty
  for (const name of CHECKED) addFile(files, prefix + name, join(folder, name));
  for (const name of namesIn(join(folder, "blobs"))) {
    if (/^[0-9a-f]{64}$/.test(name)) addFile(files, `${prefix}blobs/${name}`, join(folder, "blobs", name));
  }
  for (const name of namesIn(join(folder, "nested"))) {
    if (/^[0-9a-f]{32}\.rlm$/.test(name)) readTrace(join(folder, "nested", name), `${prefix}nested/${name}/`, files);
  }
  return files;
}

function addFile(files, name, path) {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return; // which of them must be there is for the verifier to say
  if (!status.isFile()) throw new TraceError("TraceMissingError", `${path} is not a plain file`);
  files[name] = readFileSync(path);
}

function namesIn(folder) {
  const status = lstatSync(folder, { throwIfNoEntry: false });
  if (status === undefined) return [];
  if (!status.isDirectory()) throw new TraceError("TraceMissingError", `${folder} is not a folder`);
  return readdirSync(folder);
}

/** The verdict on a folder's files, as data: `{ level, root, records, nested }`, or `{ error, check, file, line, message }`. */
export function judge(files, options) {
  try {
    const trace = verifyTrace(files, options);
    return { level: trace.level, root: trace.root, records: trace.records.length, nested: nestedRuns(trace, files) };
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    const { error: kind, check, file, line, message } = error;
    return { error: kind, check, file, line, message };
  }
}

function main(words) {
  const options = { root: null, atLeast: "OPEN" };
  let folder = null, asJson = false;
  for (let word; (word = words.shift()) !== undefined; ) {
    if (word === "--root") options.root = words.shift() ?? "";
    else if (word === "--at-least") options.atLeast = (words.shift() ?? "").toUpperCase();
    else if (word === "--json") asJson = true;
    else if (folder === null && !word.startsWith("-")) folder = word;
    else return usage(`unknown argument ${word}`);
  }
  if (folder === null) return usage("name a trace");
  if (options.root === "") return usage("--root needs a root, 64 hex digits");
  if (!["OPEN", "SEALED"].includes(options.atLeast)) return usage("--at-least is open or sealed");
  const verdict = judgeFolder(folder, options);
  console.log(asJson ? JSON.stringify(verdict) : inWords(verdict));
  return verdict.error || verdict.nested.some((each) => each.trace === "differs") ? 1 : 0;
}

function judgeFolder(folder, options) {
  try {
    return judge(readTrace(folder), options);
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return { error: error.error, check: "", file: "", line: 0, message: error.message };
  }
}

function usage(problem) {
  console.error(`${problem}\nusage: node verify.mjs TRACE.rlm [--root HEX] [--at-least open|sealed] [--json]`);
  return 2;
}

function inWords(verdict) {
  if (verdict.error) return `${verdict.error}: ${printable(verdict.message)}`;
  const nested = verdict.nested.map(({ id, trace, reason }) => `nested run ${id.slice(0, 8)}: ${trace} ${printable(reason)}`.trim());
  return [`${verdict.level}: ${verdict.records} records`, `root: ${verdict.root}`, ...nested, "not executed: see `rlmlite trace replay`"].join("\n");
}

/** A message may quote the trace, and a trace may hold codes that move a terminal's cursor. */
const printable = (text) => text.replace(/[^\x20-\x7e]/g, "?");

const isCommand = process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href;
if (isCommand) process.exitCode = main(process.argv.slice(2));
