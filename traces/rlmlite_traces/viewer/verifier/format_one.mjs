/**
 * Format 1, which is read and no longer written: its shapes, told as records of format 2.
 *
 * It repeats what format 2 leaves out. Every field is written, even if it has its default; a record holds the state
 * before it as well as the one after; each call is written whole, with its id; each blob names its ref, and its salt is
 * in hex.
 */

import { unhex } from "./hashes.mjs";
import { isRef } from "./blobs.mjs";
import { BLOBS, EFFECTS, part, RECORDS, usage } from "./records.mjs";
import { broken, bytes, decodeLine, fields, flag, list, objectOf, oneOf, optional, orNull, row, ShapeError, table, text, whole } from "./shapes.mjs";

const words = table(text);
const counts = table(whole);
const mayBeText = orNull(text);
const states = row(text, text);

/** An object of which every field is written. */
const always = (spec) => fields(spec, { isWhole: true });

const record = (kind, spec) =>
  always({ kind: oneOf(kind), v: optional(whole, 1), seq: optional(whole, 0), prev: optional(text, "0".repeat(64)), ...spec });

const input = fields({ name: text, kind: text, ref: text, size: whole, source: mayBeText, sha256: mayBeText });
const spoken = always({
  role: text, model: text, prompt: text, prompt_bytes: whole, max_output_tokens: whole, usage,
  cached: optional(flag, false), error: optional(text, ""),
});
const written = fields({ name: text, kind: text, ref: text, size: whole });
const effects = fields({ n: whole, root: text, ok: whole, failed: whole });
const observed = fields({ ref: text, size: whole, origins: list(text), cut: whole });

const KINDS = {
  genesis: record("genesis", {
    run: text, semantics: whole, kernel: text, engines: words, grammar: text, actions: text, settings: text,
    inputs: list(input), scope: words, state: text, parent: mayBeText,
  }),
  turn: record("turn", {
    turn: whole, origin: text, reply: mayBeText, program: mayBeText, ast: mayBeText, diagnostics: mayBeText,
    call: orNull(spoken), used: counts, state: states,
  }),
  step: record("step", {
    turn: whole, step: whole, statement: whole, op: text, ast: text, reads: list(row(text, text)),
    writes: list(written), effects: orNull(effects), observation: observed, coverage: table(row(whole, whole, whole)),
    priced: counts, used: counts, status: text, code: text, state: states,
  }),
  seal: record("seal", { steps: whole, outcome: text, reason: text, result: mayBeText, state: text }),
};

const child = fields({ root: text, status: text, reason: text, used: counts });
/** What a nested run of today says beside it. */
const NO_MORE = { evidence: null, warnings: [], notes: [], calls: {} };
const effect = always({
  kind: optional(oneOf("effect"), "effect"), v: optional(whole, 1), step: whole, index: whole, id: text,
  effect: optional(text, "lm"), role: text, model: text, max_output_tokens: whole, recipe: list(part), rendered: text,
  prompt_bytes: whole, result: mayBeText, error: text, detail: optional(mayBeText, null), usage, cached: flag,
  inputs: optional(words, {}), child: optional(orNull(child), null),
});
const blob = fields({
  ref: text, salt: text, text: optional(mayBeText, null), base64: optional(orNull(bytes), null),
  size: optional(orNull(whole), null),
});

function shapeOf(json) {
  const kind = objectOf(json).kind;
  if (typeof kind !== "string" || !Object.hasOwn(KINDS, kind)) throw new ShapeError("expected a known kind");
  return KINDS[kind];
}

function decode(line, file, position, shapeOf) {
  const said = decodeLine(line, file, position, shapeOf);
  if (said.v !== 1) throw broken(file, position, "format", "1, as in the first line", said.v);
  return said;
}

/** How lines of format 1 are read. */
export const FORMAT_ONE = {
  record(line, position) {
    const old = decode(line, RECORDS, position, shapeOf);
    const [before, state] = Array.isArray(old.state) ? old.state : [null, old.state];
    return { record: { ...old, state, ...TODAY[old.kind]?.(old, position) }, before };
  },

  callItem: (line, position) => decode(line, EFFECTS, position, () => effect),

  /** A call stands whole in its line. */
  wholeCall: (old) => ({ first: 0, round: 0, same_as: "", trial: 0, sampling: {}, ...old, child: old.child && { ...NO_MORE, ...old.child } }),

  blob(line, position) {
    const old = decodeLine(line, BLOBS, position, () => blob, { isBlob: true });
    const ways = [old.text, old.base64, old.size].filter((way) => way !== null).length;
    if (ways !== 1) throw broken(BLOBS, position, "one-content", "exactly one of text, base64, size", ways);
    if (!isRef(old.ref)) throw broken(BLOBS, position, "ref", "64 hex digits", old.ref);
    const salt = unhex(old.salt);
    if (salt === null) throw broken(BLOBS, position, "salt", "16 bytes in hex", old.salt);
    const line2 = old.text !== null ? { salt, text: old.text } : { salt, ref: old.size === null ? "" : old.ref, base64: old.base64, size: old.size };
    return { line: line2, named: old.ref };
  },

  lineCount: (record) => (record.kind === "step" && record.effects ? record.effects.n : 0),
};

/** What a record of format 1 has otherwise than one of today, by its kind. */
const TODAY = {
  genesis: () => ({ flags: [], signature: null }),
  turn: (old) => ({ call: old.call && { detail: null, sampling: {}, ...old.call }, held_back: null, warnings: [], notes: [] }),
  step(old, position) {
    const { effects } = old;
    if (effects && effects.ok + effects.failed !== effects.n) {
      throw broken(RECORDS, position, "effects-count", "ok and failed add up to n", `${effects.ok} and ${effects.failed}`);
    }
    return { effects: effects && { ...effects, rounds: 1 }, warnings: [], notes: [] };
  },
  seal: () => ({ warnings: [], notes: [], findings: null }),
};
