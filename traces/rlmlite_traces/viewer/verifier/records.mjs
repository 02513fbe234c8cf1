/**
 * Records: the shapes of format 2, field by field, as `docs/reference/trace-format.md` lists them.
 *
 * A line of `trace.jsonl` is one of eight kinds of record. A line of `effects.jsonl` is an object, the head of a round of
 * calls, or an array, one of its calls. A line of `blobs.jsonl` is an array if its content is text.
 */

import { bytes, decodeLine, fields, flag, inOrder, list, objectOf, oneOf, optional, orNull, row, ShapeError, table, text, whole } from "./shapes.mjs";

export const RECORDS = "trace.jsonl";
export const BLOBS = "blobs.jsonl";
export const EFFECTS = "effects.jsonl";
export const REDACTIONS = "redactions.jsonl";

/** `prev` of the first record, which has none before it. */
export const ZERO = "0".repeat(64);

const NOTHING = Object.freeze({});
const counts = table(whole);
const words = table(text);
const mayBeText = optional(orNull(text), null);
const coverage = optional(table(row(whole, whole, whole)), NOTHING);

/** Input tokens, output tokens, nano-dollars; null is unknown. */
export const usage = row(orNull(whole), orNull(whole), orNull(whole));

const remark = fields({
  code: text,
  n: optional(whole, 1),
  example: mayBeText,
  input: optional(text, ""),
  line: optional(whole, 0),
});
const remarks = { warnings: optional(list(remark), []), notes: optional(list(remark), []) };

export const written = inOrder({ name: text, kind: text, size: whole, ref: text });
export const span = inOrder({ blob: text, start: whole, stop: whole, source: text });
/** A part of a prompt: the ref of a text, or a span of some content. */
export const part = (json, watch) => (typeof json === "string" ? json : span(json, watch));

const observed = fields({
  ref: mayBeText,
  size: optional(whole, 0),
  origins: optional(list(text), []),
  cut: optional(whole, 0),
});

const effects = fields({ n: whole, root: text, failed: optional(whole, 0), rounds: optional(whole, 1) });

const input = fields({ name: text, kind: text, ref: text, size: whole, source: mayBeText, sha256: mayBeText });

const spoken = fields({
  role: text,
  model: text,
  prompt: text,
  prompt_bytes: whole,
  max_output_tokens: whole,
  usage,
  cached: optional(flag, false),
  error: optional(text, ""),
  detail: mayBeText,
  sampling: optional(words, NOTHING),
});

const record = (kind, spec) =>
  fields({ kind: oneOf(kind), seq: optional(whole, 0), prev: optional(text, ZERO), ...spec });

const KINDS = {
  genesis: record("genesis", {
    v: whole,
    run: text,
    flags: optional(list(whole), []),
    rendering: optional(whole, 2),
    kernel: text,
    engines: words,
    grammar: optional(text, ""),
    actions: text,
    settings: text,
    inputs: optional(list(input), []),
    scope: optional(words, NOTHING),
    state: text,
    parent: mayBeText,
    strategy: optional(text, ""),
    compiled: optional(text, ""),
    signature: mayBeText,
  }),
  question: record("question", {
    text,
    writes: written,
    state: text,
    form: mayBeText,
    earlier: optional(orNull(written), null),
  }),
  addition: record("addition", {
    inputs: optional(list(input), []),
    limits: optional(table(orNull(whole)), NOTHING),
    kept: optional(counts, NOTHING),
    state: text,
  }),
  turn: record("turn", {
    turn: whole,
    origin: text,
    reply: mayBeText,
    program: mayBeText,
    ast: mayBeText,
    diagnostics: mayBeText,
    call: optional(orNull(spoken), null),
    used: optional(counts, NOTHING),
    state: text,
    clock_ms: optional(orNull(whole), null),
    held_back: optional(orNull(remark), null),
    earlier: optional(orNull(written), null),
    ...remarks,
  }),
  step: record("step", {
    turn: whole,
    step: whole,
    statement: optional(whole, 0),
    op: text,
    ast: text,
    reads: optional(list(text), []),
    writes: optional(list(written), []),
    effects: optional(orNull(effects), null),
    observation: optional(observed, { ref: null, size: 0, origins: [], cut: 0 }),
    coverage,
    priced: optional(counts, NOTHING),
    used: optional(counts, NOTHING),
    status: optional(text, "ok"),
    code: optional(text, ""),
    state: text,
    ...remarks,
  }),
  checkpoint: record("checkpoint", { variables: text, state: text }),
  redact: record("redact", { refs: list(text), reason: text, who: optional(text, "") }),
  seal: record("seal", {
    steps: whole,
    outcome: text,
    reason: optional(text, ""),
    result: mayBeText,
    state: text,
    findings: mayBeText,
    ...remarks,
  }),
};

const child = fields({
  root: text,
  status: text,
  reason: text,
  used: counts,
  evidence: mayBeText,
  coverage,
  ...remarks,
  calls: optional(counts, NOTHING),
});

const headFields = fields({
  kind: optional(oneOf("calls"), "calls"),
  step: whole,
  id: text,
  first: optional(whole, 0),
  round: optional(whole, 0),
  n: whole,
  effect: optional(text, "lm"),
  role: text,
  model: optional(text, ""),
  max_output_tokens: optional(whole, 0),
  recipe: optional(list(part), []),
  inputs: optional(words, NOTHING),
  sampling: optional(words, NOTHING),
});

/** The head of a round. Its kind is always written; without it the line is read, and is not canonical. */
function head(json, watch) {
  const said = headFields(json, (what) => what.startsWith("the default of kind") || watch(what));
  if (json.kind === undefined) watch("no kind");
  return said;
}

const rare = fields({
  error: optional(text, ""),
  detail: mayBeText,
  cached: optional(flag, false),
  child: optional(orNull(child), null),
  same_as: optional(text, ""),
  trial: optional(whole, 0),
  sampling: optional(words, NOTHING),
  inputs: optional(words, NOTHING),
});

/** What few calls have, or null. An object of nothing would be another spelling of null. */
function rareOrNull(json, watch) {
  if (json === null) return null;
  const said = rare(json, watch);
  if (Object.keys(json).length === 0) watch?.("an object of defaults in place of null");
  return said;
}

const call = inOrder({
  index: whole,
  prompt_bytes: whole,
  rendered: text,
  spans: list(span),
  result: orNull(text),
  usage,
  rare: optional(rareOrNull, null),
});

const textLine = inOrder({ salt: bytes, text });
const blobLine = fields({
  salt: bytes,
  ref: optional(text, ""),
  base64: optional(orNull(bytes), null),
  size: optional(orNull(whole), null),
});

/** The shape that the kind of a line asks for. */
export const byKind = (shapes) => (json) => {
  const kind = objectOf(json).kind;
  if (typeof kind !== "string" || !Object.hasOwn(shapes, kind)) throw new ShapeError("expected a known kind");
  return shapes[kind];
};

/** Whether a line is an array: its first byte says so, since nothing stands before it. */
const isArray = (line) => line[0] === 0x5b;

/** How lines of format 2 are read. */
export const FORMAT_TWO = {
  /** A record. The state before it is in the record before it (`null`: not written here). */
  record: (line, position) => ({ record: decodeLine(line, RECORDS, position, byKind(KINDS)), before: null }),

  /** A redaction after the seal: a record, in a file of its own. Traces of format 1 have them in this form too. */
  redaction: (line, position) => decodeLine(line, REDACTIONS, position, byKind(KINDS)),

  callItem: (line, position) =>
    decodeLine(line, EFFECTS, position, () => (isArray(line) ? call : head)),

  /** The line of a blob, and the ref that it names: only that of a content in a file of its own does. */
  blob(line, position) {
    const said = decodeLine(line, BLOBS, position, () => (isArray(line) ? textLine : blobLine), { isBlob: true });
    return { line: said, named: said.ref ?? "" };
  },

  lineCount: (record) => (record.kind === "step" && record.effects ? record.effects.n + record.effects.rounds : 0),
};
