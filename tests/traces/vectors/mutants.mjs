/**
 * Takes checks out of the verifier, one at a time, and tries the vectors: which of them are not missed?
 *
 * Standard input is JSON: `{ source, edits: [{ at, old, replacement }], vectors }`. The output has a line for each edit:
 * the name of the first vector that fails without this check, or null.
 */

import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";

import { failures } from "./vectors.mjs";

const { source, edits, vectors } = JSON.parse(readFileSync(0, "utf8"));

// The hashes are made once, where nothing in them is changed: a copy of its own would be compiled for each edit.
const rest = source.indexOf("const $json");
const hashes = new Function(`${source.slice(0, rest)}\nreturn $hashes;`)();

function firstFailure(text, isOfHashes) {
  const code = `${isOfHashes ? text : text.slice(rest)}\nreturn rlmliteVerifier;`;
  const reader = isOfHashes ? new Function(code)() : new Function("$hashes", code)(hashes);
  try {
    const [failure] = failures(reader, vectors, 1);
    return failure ? `${failure.section}: ${failure.name}` : null;
  } catch (error) {
    return `${error}`; // what the check guarded against went wrong
  }
}

/** Some checks end a loop: without one there is no end to wait for. */
function firstFailureInTime(text, isOfHashes) {
  globalThis.tryMutant = () => firstFailure(text, isOfHashes);
  try {
    return runInThisContext("tryMutant()", { timeout: 5_000 });
  } catch (error) {
    return `${error}`;
  }
}

for (const { at, old, replacement } of edits) {
  const mutant = source.slice(0, at) + replacement + source.slice(at + old.length);
  console.log(JSON.stringify(firstFailureInTime(mutant, at < rest)));
}
