/**
 * The chain: what a record must be to stand after the ones before it.
 *
 * Each record holds the hash of the line before it, so a line vouches for every line above it, and whoever changes one
 * must change all that follow. Beside the hashes a chain follows the counts of a run (turns, steps, its state), and a
 * seal must say what these came to. What takes executing (is this the state?) is not asked here.
 */

import { hex, leafOf, rootOf } from "./hashes.mjs";
import { isRef } from "./blobs.mjs";
import { FORMAT_TWO, RECORDS, REDACTIONS, ZERO } from "./records.mjs";
import { broken, isSame } from "./shapes.mjs";

const STATUSES = ["ok", "failed", "skipped", "held"];
const OUTCOMES = ["completed", "partial", "refused", "failed"];

/** Why a call has no result. */
export const FAILURES = [
  "timeout", "rate", "quota", "unauthorized", "forbidden", "unknown_model", "wrong_address", "filtered", "refused",
  "schema", "malformed", "window", "unreachable", "dns", "tls", "cancelled", "too_long", "budget", "unavailable",
  "raised", "unknown", "no_answer", "deadline",
];

/** In which form a controller can be asked for its program. */
const PROGRAM_FORMS = ["tool", "lark", "gbnf", "json-schema", "words"];

/** The settings of a role that a server may refuse, so that a call went without them. */
const SAMPLING = ["temperature", "top_p", "seed", "stop", "reasoning_effort"];

/** Whether `sampling` says nothing but a known form, under `key`, and what was not sent: records hold no free text. */
export function isSampling(sampling, key, forms) {
  return Object.entries(sampling).every(([name, value]) =>
    name === key ? forms.includes(value) : SAMPLING.includes(name) && value === "not sent");
}

/** Whether something has a result or one of the known errors, not both. */
export const endedInOneWay = (result, error) => (result === null ? FAILURES.includes(error) : error === "");

export const isUsage = (promptBytes, usage) => promptBytes >= 0 && usage.every((amount) => amount === null || amount >= 0);

/** The chain over records that were found sound so far. `check` a record, then `add` it. */
export class Chain {
  leaves = [];
  prev = ZERO;
  state = "";
  turns = 0;
  steps = 0;
  isSealed = false;
  // What an end follows from: the last turn since the last question, the last step of it, and whether there is an answer
  // that the run may end with though it was not taken (held back, or drafted).
  lastTurn = null;
  lastStep = null;
  isOffered = false;

  get root() {
    return rootOf(this.leaves);
  }

  /** Throw unless the record can stand here. `before` is the state before it, where the format writes that down. */
  check(record, before) {
    // Every line says where it stands, so none can be moved, dropped or repeated.
    this.#require(record.seq === this.leaves.length, "seq", this.leaves.length, record.seq);
    this.#require(record.prev === this.prev, "prev", this.prev, record.prev);
    this.#require(!this.isSealed, "after-seal", "the end", "another record");
    // The genesis says what all others mean, so it is first, and there is one.
    const isFirst = this.leaves.length === 0;
    this.#require(isFirst === (record.kind === "genesis"), "genesis", "a genesis record first, and no other", record.kind);
    this.#require(before === null || before === this.state, "state", this.state, before);
    this.#checkKind(record);
  }

  /** Go on to the next place. */
  add(record, line) {
    const leaf = leafOf(line);
    this.leaves.push(leaf);
    this.prev = hex(leaf);
    switch (record.kind) {
      case "step":
        [this.steps, this.state, this.lastStep] = [record.step, record.state, record];
        this.isOffered ||= record.status === "held" || (record.op === "draft" && record.status === "ok");
        break;
      case "turn":
        [this.turns, this.state, this.lastTurn, this.lastStep] = [record.turn, record.state, record, null];
        break;
      case "genesis":
      case "question":
        [this.state, this.lastTurn, this.lastStep, this.isOffered] = [record.state, null, null, false];
        break;
      case "addition":
        this.state = record.state; // the answer before it stands
        break;
      case "seal":
        this.isSealed = true;
    }
  }

  #checkKind(record) {
    switch (record.kind) {
      case "genesis": return this.#checkGenesis(record);
      case "turn": return this.#checkTurn(record);
      case "step": return this.#checkStep(record);
      case "checkpoint": return this.#require(record.state === this.state, "state", this.state, record.state);
      case "seal": return this.#checkSeal(record);
    }
  }

  #checkGenesis(genesis) {
    // One spelling for one set of flags.
    const ascending = [...new Set(genesis.flags)].sort((a, b) => a - b);
    this.#require(isSame(ascending, genesis.flags), "flags", ascending, genesis.flags);
  }

  #checkTurn(turn) {
    this.#require(turn.turn === this.turns + 1, "turn-number", this.turns + 1, turn.turn);
    const call = turn.call;
    if (call === null) return;
    this.#require(endedInOneWay(turn.reply, call.error), "call-result", "a reply, or one of the known errors", call.error);
    this.#require(isUsage(call.prompt_bytes, call.usage), "usage", "no amount below zero", call.usage);
    const isKnown = isSampling(call.sampling, "decode", PROGRAM_FORMS);
    this.#require(isKnown, "call-sampling", "a known way of asking", Object.keys(call.sampling));
  }

  #checkStep(step) {
    // A step belongs to the turn that began last, and steps are counted through the whole run.
    this.#require(step.turn === this.turns, "turn-number", this.turns, step.turn);
    this.#require(step.step === this.steps + 1, "step-number", this.steps + 1, step.step);
    this.#require(STATUSES.includes(step.status), "status", STATUSES.join(" or "), step.status);
    this.#require((step.status === "ok") === (step.code === ""), "code", "a code if, and only if, it is not ok", step.code);
  }

  /** A seal repeats what the chain knows, so that whoever reads only the last line is not misled. */
  #checkSeal(seal) {
    this.#require(seal.state === this.state, "state", this.state, seal.state);
    this.#require(seal.steps === this.steps, "step-count", this.steps, seal.steps);
    this.#require(OUTCOMES.includes(seal.outcome), "outcome", OUTCOMES.join(" or "), seal.outcome);
    this.#checkResult(seal);
    this.#checkReason(seal);
  }

  /** An answer stands where the last step gave one. A host's own action may answer too, so the name alone is no proof. */
  #checkResult(seal) {
    const isOk = this.lastStep?.status === "ok", isFinal = isOk && this.lastStep.op === "final";
    const hasResult = seal.result !== null;
    const fits = hasResult ? isOk || this.isOffered : !isFinal;
    this.#require(fits, "seal-result", `a result: ${isFinal}`, `a result: ${hasResult}`);
  }

  /** A reason is given for every end but a completed one, and only what was no program is refused. */
  #checkReason(seal) {
    const hasResult = seal.result !== null, isOk = this.lastStep?.status === "ok";
    const wasRefused = (this.lastTurn?.diagnostics ?? null) !== null;
    const fits = {
      completed: seal.reason === (hasResult ? "" : "no_answer") && !wasRefused && (isOk || !hasResult),
      partial: seal.reason !== "",
      failed: seal.reason !== "" && !hasResult,
      refused: seal.reason !== "" && wasRefused,
    };
    this.#require(fits[seal.outcome], "seal-reason", "an outcome that fits the last turn", `${seal.outcome} (${seal.reason})`);
  }

  #require(holds, check, expected, found) {
    if (!holds) throw broken(RECORDS, this.leaves.length, check, expected, found);
  }
}

/**
 * The redactions that follow the end of a chain, in order: contents that were removed after the seal.
 *
 * They stand in a file of their own and are no leaves of the tree, so the root stays the one that is known, and does not
 * vouch for them. Each content that is gone must be named by one, and none that they name may be here.
 */
export function readRedactions(lines, chain, records) {
  const seen = new Set(records.flatMap((record) => (record.kind === "redact" ? record.refs : [])));
  const redactions = [];
  let prev = chain.prev;
  for (const line of lines) {
    const position = redactions.length;
    const record = FORMAT_TWO.redaction(line, position);
    const seq = chain.leaves.length + position;
    require(chain.isSealed, position, "redactions", "a sealed trace", "an open one");
    require(record.kind === "redact", position, "redactions", "a redaction", record.kind);
    require(record.seq === seq, position, "seq", seq, record.seq);
    require(record.prev === prev, position, "prev", prev, record.prev);
    checkRefs(record, seen, position);
    record.refs.forEach((ref) => seen.add(ref));
    prev = hex(leafOf(line));
    redactions.push(record);
  }
  return redactions;
}

/** What a redaction says has one spelling, and no content is redacted twice. */
function checkRefs({ refs, reason }, seen, position) {
  const isSound = refs.length > 0 && refs.every(isRef) && isSame([...new Set(refs)].sort(), refs);
  require(isSound, position, "redactions", "refs in ascending order, each once", refs.length);
  require(!refs.some((ref) => seen.has(ref)), position, "redactions", "contents that were there", "one redacted before");
  require(reason !== "", position, "redactions", "a reason", "none");
}

/**
 * All that was redacted is named by a record, and gone with its line. An input's source names the input's content; where
 * the source itself is gone nobody can say what it named, so as many contents that nothing names are allowed.
 */
export function checkRedacted(redactions, records, named, blobs) {
  const redacted = new Set(redactions.flatMap((redaction) => redaction.refs));
  const sources = new Set(records.flatMap((record) => (record.inputs ?? []).map((input) => input.source)));
  const lines = new Set(blobs.refs);
  let allowed = [...sources].filter((source) => redacted.has(source)).length;
  redactions.forEach(({ refs }, position) => {
    for (const ref of refs) {
      require(!lines.has(ref), position, "redact", "a content that is gone", ref.slice(0, 12));
      if (!named.has(ref)) allowed--;
      require(allowed >= 0, position, "redact", "a content that a record names", ref.slice(0, 12));
    }
  });
}

function require(holds, position, check, expected, found) {
  if (!holds) throw broken(REDACTIONS, position, check, expected, found);
}
