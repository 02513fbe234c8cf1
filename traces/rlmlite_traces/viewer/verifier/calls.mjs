/**
 * Calls: the lines of `effects.jsonl`, dealt out to the steps that made them.
 *
 * The lines have no chain of their own. Each step counts its calls and rounds, and commits to their lines by the root of
 * a tree. So walking the records in order deals the file out, and no line can be added, dropped, moved or changed:
 *
 *     step 1, no effects         takes no line
 *     step 2, n 3, rounds 2      takes a head and two calls, a head and one call
 *     step 3, n 1, rounds 1      takes a head and one call
 *     one more line              is a stray
 *
 * A head says all that the calls of its round share, and nothing else, so that a round has one spelling. A span in its
 * recipe whose start is negative is a mark: there each call has a part of its own.
 */

import { hex, leafOf, rootOf, sha256, utf8 } from "./hashes.mjs";
import { endedInOneWay, isSampling, isUsage } from "./chain.mjs";
import { EFFECTS } from "./records.mjs";
import { broken, isSame } from "./shapes.mjs";

const KINDS = ["lm", "tool", "approve", "rlm", "clock"];
const FORMS = ["response_format", "text.format", "json_object", "json_schema", "guided_json", "grammar", "words"];

/** The `start` of a mark: each call has a range of its own in one content, a span altogether, a text that is stored. */
const OWN_RANGE = -1, OWN_SPAN = -2, OWN_TEXT = -3;

const NOTHING_RARE = {
  error: "", detail: null, cached: false, child: null, same_as: "", trial: 0, sampling: {}, inputs: {},
};

/** The lines of `effects.jsonl`, taken record by record. */
export class StepCalls {
  next = 0;
  #firstSteps = new Map();

  constructor(lines, layout, run) {
    Object.assign(this, { lines, layout, run });
  }

  get remaining() {
    return this.lines.length - this.next;
  }

  /** The checked calls of the next record. Ask for each record once, in order. */
  take(record) {
    const isStep = record.kind === "step";
    if (isStep && !this.#firstSteps.has(record.turn)) this.#firstSteps.set(record.turn, record.step);
    const first = this.next, count = this.layout.lineCount(record);
    if (count > this.remaining) throw broken(EFFECTS, first, "effects-missing", `${count} lines`, `${this.remaining} lines`);
    this.next += Math.max(0, count);
    const lines = this.lines.slice(first, this.next);
    const items = lines.map((line, at) => this.layout.callItem(line, first + at));
    if (!isStep) return [];
    const calls = this.#joined(items, record);
    checkRounds(record, items, calls, first);
    checkCalls(record, calls, lines, first);
    return calls;
  }

  /** The calls of a step, whole: what their heads say, and what each says itself. */
  #joined(items, step) {
    if (this.layout.wholeCall) return items.map(this.layout.wholeCall);
    const place = step.step - this.#firstSteps.get(step.turn);
    const calls = [];
    let head = null;
    for (const item of items) {
      if (isHead(item)) head = item;
      else if (head) calls.push(joined(item, head, callId(this.run, step.turn, place, head.round, item.index - head.first)));
    }
    return calls;
  }
}

const isHead = (item) => item.kind === "calls";

/** The id of a call: it follows from its place in the run, so two runs of the same program ask under the same ids. */
export const callId = (...place) => hex(sha256(utf8(place.join("/")))).slice(0, 32);

function joined(line, head, id) {
  const own = [...line.spans];
  const rare = line.rare ?? NOTHING_RARE;
  const isGiven = (object) => Object.keys(object).length > 0;
  return {
    ...{ step: head.step, first: head.first, round: head.round, effect: head.effect, role: head.role },
    ...{ model: head.model, max_output_tokens: head.max_output_tokens },
    ...{ index: line.index, id, rendered: line.rendered, prompt_bytes: line.prompt_bytes },
    ...{ result: line.result, usage: line.usage },
    ...rare,
    recipe: head.recipe.map((part) => filled(part, own)),
    inputs: isGiven(rare.inputs) ? rare.inputs : head.inputs,
    sampling: isGiven(rare.sampling) ? rare.sampling : head.sampling,
  };
}

/** A part of the prompt: the head's, or the call's next own one where that is a mark. */
function filled(part, own) {
  if (!isMark(part) || own.length === 0) return part;
  const span = own.shift();
  if (part.start === OWN_TEXT) return span.blob;
  if (part.start === OWN_SPAN) return span;
  return { ...part, start: span.start, stop: span.stop };
}

const isMark = (part) => typeof part !== "string" && part.start < 0;

/** Throw unless the lines are whole rounds: a head, the calls that it counts, the next head. */
function checkRounds(step, items, calls, first) {
  const heads = items.flatMap((item, at) => (isHead(item) ? [at] : []));
  if (items.length === 0 || items[0].kind === "effect") return; // format 1 has no heads
  require(heads[0] === 0, first, "effects-head", "the head of a round first", "a call");
  let firstCall = 0, lastRound = -1;
  heads.forEach((at, number) => {
    const head = items[at], own = items.slice(at + 1, heads[number + 1]);
    checkHead(head, own, calls.slice(firstCall, firstCall + own.length), first + at, lastRound);
    firstCall += own.length;
    lastRound = head.round;
  });
  const { rounds } = step.effects;
  require(rounds === heads.length, first, "effects-round", `${rounds} rounds`, heads.length);
}

function checkHead(head, items, calls, position, lastRound) {
  require(items.length > 0 && items.length === head.n, position, "effects-head", `${head.n} calls`, `${items.length} calls`);
  require(head.round > lastRound, position, "effects-round", `a round above ${lastRound}`, `round ${head.round}`);
  checkSpans(head, items, position);
  // Made anew from its calls the head is the same: nothing that they share is left to them, and nothing else is in it.
  const same = ["step", "id", "first", "round", "effect", "role", "model", "max_output_tokens", "recipe", "inputs", "sampling"];
  const again = headOf(calls);
  require(same.every((name) => isSame(again[name], head[name])), position, "effects-head", "all that its calls share", "another head");
}

/** The head that calls of one round have: what all of them share, and marks where each has its own part. */
function headOf(calls) {
  const [call] = calls;
  const shared = (name) => (calls.every((each) => isSame(each[name], call[name])) ? call[name] : {});
  return { ...call, recipe: sharedRecipe(calls), inputs: shared("inputs"), sampling: shared("sampling") };
}

function sharedRecipe(calls) {
  return calls[0].recipe.map((part, place) => {
    const others = calls.map((call) => call.recipe[place]);
    if (others.every((other) => isSame(other, part))) return part;
    if (typeof part === "string") return mark("", OWN_TEXT, "");
    const isOneContent = others.every((other) => other.blob === part.blob && other.source === part.source);
    return isOneContent ? mark(part.blob, OWN_RANGE, part.source) : mark("", OWN_SPAN, "");
  });
}

const mark = (blob, start, source) => ({ blob, start, stop: start, source });

/** Throw unless each call has one sound span for each mark of its head. */
function checkSpans(head, items, position) {
  const marks = head.recipe.filter(isMark);
  items.forEach((item, at) => {
    const line = position + 1 + at;
    const fit = item.spans.length === marks.length && item.spans.every((span, place) => fitsMark(span, marks[place].start));
    require(fit, line, "effects-spans", `${marks.length} spans`, item.spans.length);
    require(item.index >= head.first, line, "effects-place", `an index of at least ${head.first}`, item.index);
  });
}

/** A span for the mark of a range is a range and no more, one for the mark of a text a ref and no more. */
function fitsMark(span, start) {
  if (!(0 <= span.start && span.start <= span.stop)) return false;
  if (start === OWN_TEXT) return span.blob !== "" && span.start === 0 && span.stop === 0 && span.source === "";
  return start === OWN_SPAN || (span.blob === "" && span.source === "");
}

/** Throw unless these are the calls that the step commits to. */
function checkCalls(step, calls, lines, first) {
  let lastIndex = -1;
  calls.forEach((call, at) => {
    checkCall(step, call, lastIndex, first + at);
    lastIndex = call.index;
  });
  if (step.effects === null) return;
  const { n, failed, root } = step.effects;
  const failures = calls.filter((call) => call.error).length;
  const isCommitted = n === calls.length && failed === failures && root === rootOf(lines.map(leafOf));
  require(isCommitted, first, "effects-root", "the lines that the step commits to", `${calls.length} calls, ${failures} failed`);
  const ids = new Set(calls.map((call) => call.id));
  require(ids.size === calls.length, first, "effects-id", "a different id for each call", "an id that is used twice");
}

function checkCall(step, call, lastIndex, position) {
  // Indexes ascend and may have gaps: a call that was never made leaves its index out.
  const isInPlace = call.step === step.step && call.index > lastIndex;
  require(isInPlace, position, "effects-place", `step ${step.step}, an index above ${lastIndex}`, `step ${call.step}, index ${call.index}`);
  require(isUsage(call.prompt_bytes, call.usage), position, "usage", "no amount below zero", call.usage);
  const isAsked = Object.keys(call.sampling).length === 0 || (call.effect === "lm" && isSampling(call.sampling, "form", FORMS));
  require(isAsked, position, "effects-sampling", "a known way of asking", Object.keys(call.sampling));
  require(!call.same_as || isShared(call), position, "effects-same", "the id of a call, and nothing used", call.same_as);
  if (call.effect === "lm") require(call.child === null, position, "effects-kind", "a nested run for `rlm` only", "one of a model's call");
  else checkOutside(call, position);
  require(endedInOneWay(call.result, call.error), position, "effects-result", "a result, or one of the known errors", call.error);
}

const hasUsed = (call) => call.usage.some((amount) => amount);

/** Whether a call that took the result of another one names it, and used nothing. */
const isShared = (call) =>
  call.effect === "lm" && /^[0-9a-f]{32}$/.test(call.same_as) && call.same_as !== call.id && !hasUsed(call) && !call.cached;

/** A call that went to no model says nothing that only those have. */
function checkOutside(call, position) {
  require(KINDS.includes(call.effect), position, "effects-kind", "a known kind of call", call.effect);
  require(!call.cached, position, "effects-kind", "a model's call, if it is cached", call.effect);
  if (call.effect === "rlm") return;
  require(!hasUsed(call), position, "effects-kind", "no usage but of models", call.usage);
  require(call.child === null, position, "effects-kind", "a nested run for `rlm` only", call.effect);
}

function require(holds, position, check, expected, found) {
  if (!holds) throw broken(EFFECTS, position, check, expected, found);
}
