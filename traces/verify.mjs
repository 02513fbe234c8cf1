#!/usr/bin/env node
/**
 * The second verifier of rlmlite traces: `node traces/verify.mjs TRACE.rlm [--root HEX] [--key FILE.pub] [--json]`.
 *
 * It needs Node 18 or newer and nothing else, and shares no code with the first one, which is Python. It says whether a
 * trace is whole: canonical lines, the chain, the root, contents, calls, nested runs. It does NOT execute anything: that
 * the kernel did what the records say is shown by `rlmlite trace replay` alone.
 *
 *     0  the trace is sound          1  it, or a nested run in it, is not          2  wrong arguments
 *
 * This file reads folders; the checks are in `rlmlite_traces/viewer/verifier/`, and begin in `trace.mjs`.
 */

import { webcrypto } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { nestedRuns } from "./rlmlite_traces/viewer/verifier/nested.mjs";
import { checkSignature, readKey } from "./rlmlite_traces/viewer/verifier/signature.mjs";
import { TraceError } from "./rlmlite_traces/viewer/verifier/shapes.mjs";
import { verifyTrace } from "./rlmlite_traces/viewer/verifier/trace.mjs";

globalThis.crypto ??= webcrypto; // Node 18 has it under this name alone

const CHECKED = ["trace.jsonl", "blobs.jsonl", "effects.jsonl", "trace.dsse.json", "redactions.jsonl"];

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
  return orRefusal(() => {
    const trace = verifyTrace(files, options);
    return { level: trace.level, root: trace.root, records: trace.records.length, nested: nestedRuns(trace, files) };
  });
}

/** The same, signed by a key that is in PEM. */
async function judgeSigned(files, options, pem) {
  const verdict = judge(files, options);
  if (verdict.error) return verdict;
  try {
    await checkSignature(verifyTrace(files), files, readKey(pem));
    return { ...verdict, level: "SEALED+SIGNED" };
  } catch (error) {
    return refusal(error);
  }
}

function orRefusal(run) {
  try {
    return run();
  } catch (error) {
    return refusal(error);
  }
}

function refusal(thrown) {
  if (!(thrown instanceof TraceError)) throw thrown;
  const { error, check, file, line, message } = thrown;
  return { error, check, file, line, message };
}

async function main(words) {
  const { problem, folder, asJson, keyFile, options } = readWords(words);
  if (problem) {
    console.error(`${problem}\n${USAGE}`);
    return 2;
  }
  const files = orRefusal(() => readTrace(folder));
  const verdict = files.error ? files : keyFile ? await judgeSigned(files, options, readFileSync(keyFile, "utf8")) : judge(files, options);
  console.log(asJson ? JSON.stringify(verdict) : inWords(verdict));
  return verdict.error || verdict.nested.some((each) => each.trace === "differs") ? 1 : 0;
}

const USAGE = "usage: node verify.mjs TRACE.rlm [--root HEX] [--at-least open|sealed] [--key FILE.pub] [--json]";

function readWords(words) {
  const said = { options: { root: null, atLeast: "OPEN" }, folder: null, asJson: false, keyFile: null };
  for (let word; (word = words.shift()) !== undefined; ) {
    if (word === "--root") said.options.root = words.shift() ?? "";
    else if (word === "--at-least") said.options.atLeast = (words.shift() ?? "").toUpperCase();
    else if (word === "--key") said.keyFile = words.shift() ?? "";
    else if (word === "--json") said.asJson = true;
    else if (said.folder === null && !word.startsWith("-")) said.folder = word;
    else return { problem: `unknown argument ${word}` };
  }
  return { ...said, problem: problemOf(said) };
}

function problemOf({ options, folder, keyFile }) {
  if (folder === null) return "name a trace";
  if (options.root === "") return "--root needs a root, 64 hex digits";
  if (keyFile === "") return "--key needs the file of a public key";
  return ["OPEN", "SEALED"].includes(options.atLeast) ? "" : "--at-least is open or sealed";
}

function inWords(verdict) {
  if (verdict.error) return `${verdict.error}: ${printable(verdict.message)}`;
  const nested = verdict.nested.map(({ id, trace, reason }) => `nested run ${id.slice(0, 8)}: ${trace} ${printable(reason)}`.trim());
  return [`${verdict.level}: ${verdict.records} records`, `root: ${verdict.root}`, ...nested, "not executed: see `rlmlite trace replay`"].join("\n");
}

/** A message may quote the trace, and a trace may hold codes that move a terminal's cursor. */
const printable = (text) => text.replace(/[^\x20-\x7e]/g, "?");

const isCommand = process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href;
if (isCommand) process.exitCode = await main(process.argv.slice(2));
