/**
 * Nested runs: the traces below a trace, each verified, and compared with the call that it answers.
 *
 *     trace.jsonl, effects.jsonl           a call, id 2919…, whose `child` has the root 8c0…
 *     nested/2919….rlm/trace.jsonl, …      that run: its root must be 8c0…, its `parent` 2919…
 *
 * Parent and child repeat each other (root, question, answer, usage, …), and each repetition is compared, so that neither
 * can tell another story. Salts differ from trace to trace, so contents are compared, never refs. A child may be absent:
 * its answer is in the parent. Below one that is absent or differs nothing is looked at.
 */

import { sameBytes, sha256, textOf, utf8 } from "./hashes.mjs";
import { refUnder } from "./blobs.mjs";
import { JsonError, readJson, valueText } from "./json.mjs";
import { settingsShape, SHARED, sourceShape } from "./settings.mjs";
import { isSame, objectOf, ShapeError, TraceError } from "./shapes.mjs";
import { verifyTrace } from "./trace.mjs";

/** From this flag on, the record of a nested run counts the calls below it. */
const COUNTED = 15;

/** What a run holds at its end. No record states it, so it takes executing to know it. */
const HELD = "value_bytes";

/** How many hex digits of the commitment to a question a call keeps. */
const COMMITMENT_DIGITS = 32;

/** The nested runs of a verified trace, to any depth: `[{ id, root, trace: "same" | "absent" | "differs", reason }]`. */
export function nestedRuns(trace, files) {
  return [...callsById(trace)].flatMap(([id, calls]) => {
    const { child, ...found } = compareWithCalls(trace, id, calls, filesBelow(files, `nested/${id}.rlm/`));
    return child === undefined ? [found] : [found, ...nestedRuns(child.trace, child.files)];
  });
}

/** The calls whose nested run has a trace, by id. An honest trace has one of each. */
function callsById(trace) {
  const byId = new Map();
  trace.records.forEach((step, seq) => {
    for (const call of trace.callsOf[seq]) {
      if (call.child?.root) byId.set(call.id, [...(byId.get(call.id) ?? []), { step, call }]);
    }
  });
  return byId;
}

function filesBelow(files, folder) {
  const below = Object.create(null);
  for (const [name, content] of Object.entries(files)) {
    if (name.startsWith(folder)) below[name.slice(folder.length)] = content;
  }
  return below;
}

function compareWithCalls(parent, id, calls, files) {
  const found = { id, root: calls[0].call.child.root };
  if (!/^[0-9a-f]{32}$/.test(id)) return { ...found, trace: "differs", reason: "its id is not one of a call" };
  if (Object.keys(files).length === 0) return { ...found, trace: "absent", reason: "" };
  try {
    const child = verifyTrace(files);
    const reason = calls.map(({ step, call }) => contradiction({ parent, step, call, child })).find(Boolean);
    if (reason) return { ...found, trace: "differs", reason };
    return { ...found, trace: "same", reason: "", child: { trace: child, files } };
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return { ...found, trace: "differs", reason: error.message };
  }
}

/** In what a nested trace contradicts its call, as a sentence; empty if in nothing. */
function contradiction(pair) {
  const { call, child } = pair;
  if (call.child.root !== child.root) return `its root is ${child.root}, and its parent recorded ${call.child.root}`;
  if (child.records[0].parent !== call.id) return "it is the trace of another call";
  const seal = child.records.at(-1);
  if (seal.kind !== "seal") return "it is not sealed, and its parent recorded how it ended";
  try {
    for (const compare of COMPARISONS) {
      const reason = compare({ ...pair, seal });
      if (reason) return reason;
    }
  } catch (error) {
    if (error instanceof ShapeError || error instanceof JsonError) {
      return `its settings, sources or result cannot be read: ${error.message}`;
    }
    throw error;
  }
  return "";
}

const readContent = (trace, ref) => readJson(textOf(trace.blobs.content(ref)) ?? "");

function compareGenesis({ parent, child }) {
  const mine = parent.records[0], its = child.records[0];
  const same = ["v", "flags", "rendering", "kernel", "grammar", "actions", "scope"];
  const other = same.find((name) => !isSame(mine[name], its[name]));
  return other === undefined ? "" : `its ${other} differs from its parent's`;
}

/** Settings of a nested run permit nothing that its parent's do not. */
function compareSettings({ parent, step, child }) {
  const mine = parent.records[0].settings, its = child.records[0].settings;
  if (!(parent.blobs.has(mine) && child.blobs.has(its))) return "";
  const here = settingsAt(parent, step), there = settingsShape(readContent(child, its));
  const isMore = (limit, other) => limit !== null && (other === null || other > limit);
  const higher = SHARED.find((name) => isMore(here.limits[name], there.limits[name]));
  if (higher !== undefined) return `its limit ${higher} is higher than its parent's`;
  if (there.limits.depth >= here.limits.depth) return "it may nest as deep as its parent";
  const known = Object.values(here.roles);
  const unknown = Object.keys(there.roles).find((name) => !known.some((role) => isSame(role, there.roles[name])));
  if (unknown !== undefined) return `its role ${unknown} is played by a model that its parent does not have`;
  const isSamePolicy = ["actions", "models", "egress"].every((name) => isSame(here.policy[name], there.policy[name]));
  const isAllowed = isSame(here.tools, there.tools) && isSamePolicy && areStricter(here.policy.tools, there.policy.tools);
  return isAllowed ? "" : "its tools or its policy are not its parent's";
}

/** The settings of a run at a step: those of the genesis, with what changed up to its turn, and the limits raised. */
function settingsAt(trace, { seq, turn }) {
  const settings = settingsShape(readContent(trace, trace.records[0].settings));
  for (const change of settings.changes.filter((each) => each.turn <= turn)) {
    settings.roles = { ...settings.roles, ...change.roles };
    settings.limits = { ...settings.limits, ...change.limits };
    settings.policy = change.policy ?? settings.policy;
  }
  for (const record of trace.records.slice(0, seq)) {
    if (record.kind === "addition") settings.limits = raised(settings.limits, record);
  }
  return settings;
}

/** Limits that were raised. They only grow, and only two of them may be without a number. */
function raised(limits, { limits: higher, kept }) {
  for (const [name, amount] of Object.entries(higher)) {
    const now = limits[name];
    const isRaise = amount === null ? ["tokens", "cost_nano"].includes(name) : now !== null && amount >= now;
    if (!isRaise) throw new ShapeError(`the limit ${name} does not grow`);
    if (Object.values(kept).some((part) => part < 0)) throw new ShapeError("less than nothing is kept");
  }
  return { ...limits, ...higher };
}

/** Whether rules for tools are the same but for fewer calls. */
function areStricter(here, there) {
  if (here === null || there === null) return here === there;
  return Object.entries(there).every(([name, rule]) => {
    const ours = here[name] ?? here["*"];
    if (ours === undefined || !isSame({ ...rule, calls: ours.calls }, ours)) return false;
    return ours.calls === null || (rule.calls !== null && rule.calls <= ours.calls);
  });
}

/** The question is committed to under the salt of the step that asked it. In format 1 it was a program of the host's. */
function compareQuestion({ parent, step, call, child }) {
  if (child.records[0].v === 1) return "";
  const first = child.records[1];
  if (first.kind !== "question") return "it does not begin with its question";
  if (!(child.blobs.has(first.text) && parent.blobs.has(step.ast))) return "";
  const question = child.blobs.content(first.text);
  const rendered = refUnder(parent.blobs.salt(step.ast), sha256(question));
  const isSameText = rendered.slice(0, COMMITMENT_DIGITS) === call.rendered.slice(0, COMMITMENT_DIGITS);
  const isSameSize = question.length === call.prompt_bytes;
  return isSameText && isSameSize ? "" : "its question is not the one that its parent asked";
}

/** The names of its inputs, and the values of those that are (parts of) a file: both traces can name these. */
function compareInputs({ parent, step, call, child }) {
  const { inputs } = child.records[0];
  const names = [...new Set(inputs.map((input) => input.name))].sort();
  if (!isSame(names, Object.keys(call.inputs).sort())) return "its inputs are not those that its parent gave it";
  if (!parent.blobs.has(step.ast)) return "";
  const key = parent.blobs.salt(step.ast);
  for (const input of inputs) {
    const described = descriptorOf(child, input.source);
    if (described !== null && refUnder(key, sha256(described)) !== call.inputs[input.name]) {
      return `its input ${input.name} is not the value that its parent gave it`;
    }
  }
  return "";
}

/**
 * What the ref of an input commits to, where both traces can name it: the descriptor of a text that is (part of) one file,
 * or the document of excerpts, which says where in the parent's inputs they stand. Else null.
 */
function descriptorOf(trace, ref) {
  if (!trace.blobs.has(ref)) return null;
  const { kind, content, files, part } = sourceShape(readContent(trace, ref));
  if (kind === "excerpts" && trace.blobs.has(content)) return trace.blobs.content(content);
  if (kind !== "text" || content !== null || files.length !== 1) return null;
  const [, digest, size] = files[0];
  const [start, stop] = part ?? [0, size];
  return utf8(JSON.stringify({ $text: [digest, start, stop] }));
}

function compareEnd({ call, seal }) {
  const { status, reason, warnings, notes } = call.child;
  if (status !== seal.outcome || reason !== seal.reason) return "it ended otherwise than its parent recorded";
  const isSameRemarks = isSame(warnings, withoutExamples(seal.warnings)) && isSame(notes, withoutExamples(seal.notes));
  return isSameRemarks ? "" : "its warnings or notes are not those that its parent recorded";
}

const withoutExamples = (remarks) => remarks.map((remark) => ({ ...remark, example: null }));

function compareResult({ parent, call, child, seal }) {
  const hasAnswer = seal.result !== null;
  if (hasAnswer !== (call.result !== null) || (!hasAnswer && call.error !== "no_answer")) {
    return "one of the two has an answer, the other has none";
  }
  if (!(parent.blobs.has(call.result) && child.blobs.has(seal.result))) return "";
  const { value } = objectOf(readContent(child, seal.result));
  if (value === undefined) throw new ShapeError("expected an answer with its value");
  const isSameAnswer = sameBytes(utf8(valueText(value)), parent.blobs.content(call.result));
  return isSameAnswer ? "" : "its answer is not the one that its parent recorded";
}

function compareFindings({ parent, call, child, seal }) {
  const mine = call.child.evidence, its = seal.findings;
  if ((mine === null) !== (its === null)) return "one of the two says what evidence and coverage it has, the other does not";
  if (!(parent.blobs.has(mine) && child.blobs.has(its))) return "";
  const isSameText = sameBytes(parent.blobs.content(mine), child.blobs.content(its));
  return isSameText ? "" : "its evidence or its coverage is not what its parent recorded";
}

function compareUsage({ call, child, seal }) {
  if (seal.reason === "input_changed") return ""; // calls of the halted turn were paid for, and are in no record
  const isCounted = child.records[0].flags.includes(COUNTED);
  const counts = countsOf(child);
  const total = isCounted ? usageOf(counts) : sumOfUsages(child);
  if (!isSame(total, call.usage)) return "its calls report another usage than its parent recorded";
  const isSameCounts = !isCounted || isSame(nonZero(counts), { ...call.child.calls });
  return isSameCounts ? "" : "it made other calls than its parent recorded";
}

const KINDS = { lm: "sub", rlm: "nested", tool: "tool", approve: "approval", clock: "clock" };
const MODELS = ["controller", "sub"];
const AMOUNTS = ["input_tokens", "output_tokens", "cost_nano"];

/** How many calls of each kind a run made, those below it included, and what is known of their use. */
function countsOf(trace) {
  const counts = Object.create(null);
  const add = (name, amount) => { counts[name] = (counts[name] ?? 0) + amount; };
  const addUsage = (usage, isCached) => {
    AMOUNTS.forEach((name, place) => {
      if (usage[place] === null) return;
      add(name, usage[place]);
      add(`known_${name}`, 1);
    });
    // Half a report is none, and an answer from a cache used nothing.
    if (usage[0] !== null && usage[1] !== null && !isCached) add("tokens", usage[0] + usage[1]);
  };
  const addCall = (call) => {
    if (call.same_as) return add("shared", 1); // not made: no model has seen it
    const kind = KINDS[call.effect];
    add(kind, 1);
    if (call.child) return addChild(call);
    if (!MODELS.includes(kind)) return undefined;
    if (!call.cached) add("answer_tokens", call.usage[1] ?? 0);
    return addUsage(call.usage, call.cached);
  };
  const addChild = (call) => {
    const below = Object.entries(call.child.calls);
    if (below.length > 0) return below.forEach(([name, amount]) => add(name, amount));
    add("sub", 1); // of a trace from before these counts, its sums stand for one call
    return addUsage(call.usage, false);
  };
  trace.records.forEach((record, seq) => {
    if (record.kind === "turn" && record.call) {
      add("controller", 1);
      addUsage(record.call.usage, record.call.cached);
    }
    trace.callsOf[seq].forEach(addCall);
  });
  return counts;
}

/** The sums over all calls of models; one that is not known of each of them is unknown. */
function usageOf(counts) {
  const models = MODELS.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);
  return AMOUNTS.map((name) => ((counts[`known_${name}`] ?? 0) === models ? counts[name] ?? 0 : null));
}

/** What all calls of a trace report, those of tools too, as runs from before these counts have it. */
function sumOfUsages(trace) {
  const usages = trace.records.flatMap((record, seq) => [record.call?.usage, ...trace.callsOf[seq].map((call) => call.usage)]);
  const plus = (a, b) => (a === null || b === null ? null : a + b);
  return usages.filter(Boolean).reduce((total, usage) => total.map((amount, at) => plus(amount, usage[at])), [0, 0, 0]);
}

/** What its records charge to the budgets that it shares with its parent is what its parent was charged. */
function compareUsed({ call, child }) {
  const used = Object.create(null);
  for (const record of child.records) {
    for (const [name, amount] of Object.entries(record.used ?? {})) used[name] = (used[name] ?? 0) + amount;
  }
  const isShared = (name) => name !== HELD && (SHARED.includes(name) || name.startsWith("tool_calls."));
  const charged = Object.entries(nonZero(used)).filter(([name]) => isShared(name));
  const recorded = Object.entries(call.child.used).filter(([name]) => name !== HELD);
  const isSameUse = isSame(Object.fromEntries(charged), Object.fromEntries(recorded));
  return isSameUse ? "" : "it used another amount of a budget than its parent recorded";
}

const nonZero = (counts) => Object.fromEntries(Object.entries(counts).filter(([, amount]) => amount));

const COMPARISONS = [
  compareGenesis, compareSettings, compareQuestion, compareInputs, compareEnd, compareResult, compareFindings,
  compareUsage, compareUsed,
];
