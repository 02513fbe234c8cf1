/**
 * Settings and sources: what of the contents of a trace a verifier reads, to compare a nested run with its parent.
 *
 * They are blobs, so their bytes are proved by their refs, and need not be canonical.
 */

import { fields, flag, list, number, oneOf, optional, orNull, row, ShapeError, table, text, whole } from "./shapes.mjs";

const texts = list(text);
const mayBe = (shape) => optional(orNull(shape), null);

/** A whole number that is not below zero. */
function amount(json) {
  const said = whole(json);
  if (said < 0) throw new ShapeError("expected 0 or more");
  return said;
}

function positive(json) {
  if (amount(json) === 0) throw new ShapeError("expected 1 or more");
  return amount(json);
}

/** The budgets that a nested run shares with its parent. */
export const SHARED = [
  "turns", "steps", "sub_calls", "tool_calls", "prompt_bytes", "output_tokens", "value_bytes", "chunks", "search_work",
  "tokens", "cost_nano",
];

const limits = fields({
  turns: optional(amount, 30),
  steps: optional(amount, 2_000),
  sub_calls: optional(amount, 1_000),
  tool_calls: optional(amount, 100),
  depth: optional(amount, 1),
  call_prompt_bytes: optional(amount, 400_000),
  prompt_bytes: optional(amount, 1_000_000_000),
  output_tokens: optional(amount, 10_000_000),
  observation_bytes: optional(amount, 10_000),
  value_bytes: optional(amount, 256_000_000),
  variables: optional(amount, 1_000),
  chunks: optional(amount, 1_000_000),
  search_work: optional(amount, 20_000_000_000),
  tokens: mayBe(amount),
  cost_nano: mayBe(amount),
});

const SAMPLING = { temperature: null, top_p: null, seed: null, stop: [], reasoning_effort: "" };
const sampling = fields({
  temperature: mayBe(number),
  top_p: mayBe(number),
  seed: mayBe(amount),
  stop: optional(texts, []),
  reasoning_effort: optional(text, ""),
});

const role = fields({
  model: text,
  max_output_tokens: optional(amount, 1_024),
  bytes_per_1000_tokens: optional(positive, 3_000),
  input_price: mayBe(amount),
  output_price: mayBe(amount),
  window: mayBe(amount),
  window_source: optional(oneOf("", "host", "client", "server", "price list"), ""),
  cache: optional(flag, false),
  sampling: optional(sampling, SAMPLING),
  purpose: optional(text, ""),
});

const param = fields({ name: text, help: optional(text, ""), required: optional(flag, true) });
const tool = fields({
  help: text,
  params: optional(list(param), []),
  side_effects: optional(flag, true),
  schema: optional(text, ""),
});

const verdict = oneOf("allow", "ask", "deny");
const toolRule = fields({
  rule: optional(verdict, "allow"),
  otherwise: optional(verdict, "ask"),
  accepts: mayBe(table(texts)),
  calls: mayBe(amount),
  timeout_ms: mayBe(amount),
  unknown: optional(oneOf("fail", "retry"), "fail"),
});

const NO_POLICY = { actions: null, models: null, tools: null, egress: {}, under: {}, strict: false };
const policy = fields({
  actions: mayBe(texts),
  models: mayBe(texts),
  tools: mayBe(table(toolRule)),
  egress: optional(table(texts), {}),
  under: optional(table(texts), {}),
  strict: optional(flag, false),
});

const questionLabel = fields({ origins: optional(texts, []), inputs: optional(texts, []) });

const change = fields({
  turn: whole,
  roles: optional(table(role), {}),
  limits: optional(table(orNull(amount)), {}),
  kept: mayBe(table(whole)),
  policy: mayBe(policy),
});

/** What a run may do and what it may cost. */
export const settingsShape = fields({
  limits: optional(limits, limits({})),
  kept: optional(table(whole), {}),
  roles: optional(table(role), {}),
  tools: optional(table(tool), {}),
  policy: optional(policy, NO_POLICY),
  scope: optional(table(text), {}),
  parent: mayBe(text),
  question: optional(questionLabel, { origins: [], inputs: [] }),
  gates: optional(texts, []),
  changes: optional(list(change), []),
});

const SPARE = ["", "", ""];
const upTo = (least, ...shapes) => (json) => row(...shapes.slice(0, Math.max(least, json?.length ?? 0)))(json);
const derivation = upTo(1, text, text, text, text);
const file = upTo(3, text, text, whole, whole, text, whole);
const note = upTo(2, text, text, text, whole);

/** Where an input came from. Of its files only path, digest and size matter here. */
export const sourceShape = fields({
  kind: text,
  path: mayBe(text),
  files: optional(list(file), []),
  skipped: optional(list(row(text, text)), []),
  content: mayBe(text),
  part: mayBe(row(whole, whole)),
  recipes: optional(list(list(derivation)), []),
  archive: mayBe(file),
  notes: optional(list(note), []),
  incomplete: optional(flag, false),
});
