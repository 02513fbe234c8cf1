/**
 * References: which refs of a record name blobs, and in which order.
 *
 * All other refs (of values that were read or written, of prompts, in spans) commit to what a trace never holds.
 * The order is that in which a writer stores the blobs before the record, and so that of the lines of `blobs.jsonl`:
 *
 *     genesis    settings; for each input its source, and the content that this names; its signature
 *     question   its text, the form of its answer
 *     turn       what was read of the reply, the reply; what else it names
 *     step       its action as data, what it showed; examples of warnings and notes; call by call: the texts of the
 *                prompt, the result, the details of a failure, the findings of a nested run
 *     seal       the result, findings, examples
 */

import { textOf } from "./hashes.mjs";
import { JsonError, readJson } from "./json.mjs";
import { sourceShape } from "./settings.mjs";
import { ShapeError } from "./shapes.mjs";

const examples = (...remarks) => remarks.flat().map((remark) => remark?.example);

const OF_RECORD = {
  genesis: (record) => [record.settings, record.signature, ...record.inputs.map((input) => input.source)],
  question: (record) => [record.text, record.form],
  turn: (record) => [
    ...[record.ast, record.diagnostics, record.reply, record.program, record.call?.detail],
    ...examples(record.warnings, record.notes, record.held_back),
  ],
  step: (record) => [record.ast, record.observation.ref, ...examples(record.warnings, record.notes)],
  checkpoint: (record) => [record.variables],
  redact: () => [], // the blobs that it names are no longer there
  seal: (record) => [record.result, record.findings, ...examples(record.warnings, record.notes)],
};

/** Every blob that a record and its calls name, in order; some more than once. */
export function namedBy(record, calls, blobs) {
  const first = record.kind === "genesis" ? [record.settings, ...ofInputs(record.inputs, blobs)] : [];
  const refs = [...first, ...OF_RECORD[record.kind](record), ...calls.flatMap(ofCall)];
  return refs.filter((ref) => ref !== null && ref !== undefined);
}

const ofInputs = (inputs, blobs) => inputs.flatMap((input) => [input.source, contentOf(input.source, blobs)]);

const ofCall = (call) => [
  ...call.recipe.filter((part) => typeof part === "string"),
  ...[call.result, call.detail, call.child?.evidence],
];

/** The blob that an input's source names: its content, if it came from memory. What is no source names nothing. */
function contentOf(ref, blobs) {
  if (!blobs.has(ref)) return null;
  try {
    return sourceShape(readJson(textOf(blobs.content(ref)) ?? "")).content;
  } catch (error) {
    if (error instanceof ShapeError || error instanceof JsonError) return null;
    throw error;
  }
}
