/**
 * Shapes: what a line may look like, and what it says.
 *
 * A shape is a function from JSON to what it means; it throws `ShapeError` for anything else. Laid over an object it
 * gives every field, those that were left out with their default, and tells `watch` of each default that is spelled out:
 *
 *     {"code":"input"}            {code: "input", n: 1, example: null, input: "", line: 0}
 *     {"code":"input","n":1}      the same, but that is a second spelling of it, so the line is not canonical
 *     {"code":5}                  nothing of a known shape
 *
 * Not here: the shapes of the format (`records`, `format_one`).
 */

import { textOf, unbase64, base64 } from "./hashes.mjs";
import { Digits, isSafe, JsonError, readJson, recordText } from "./json.mjs";

/** Why a trace is refused. `error` is the class of the fault, `check` the code of a rule that a line breaks. */
export class TraceError extends Error {
  constructor(error, message, { check = "", file = "", line = 0 } = {}) {
    super(message);
    Object.assign(this, { error, check, file, line });
  }
}

/** A line that breaks a rule. `docs/reference/checks.md` lists the codes. */
export function broken(file, line, check, expected, found = "something else") {
  const message = `${file}: line ${line}: ${check}: expected ${expected}, found ${String(found).slice(0, 100)}`;
  return new TraceError("TraceBrokenError", message, { check, file, line });
}

export class ShapeError extends Error {}

const only = (what, test) => (json) => {
  if (!test(json)) throw new ShapeError(`expected ${what}`);
  return json;
};

export const text = only("a text", (json) => typeof json === "string");
export const flag = only("true or false", (json) => typeof json === "boolean");
export const oneOf = (...words) => only(words.join(" or "), (json) => words.includes(json));

/** A whole number. One beyond 2^53 - 1 passes here: it is against the profile, which is a rule of its own. */
export function whole(json) {
  if (!(json instanceof Digits && json.isWhole)) throw new ShapeError("expected a whole number");
  return Number(json.spelling);
}

export function number(json) {
  if (!(json instanceof Digits)) throw new ShapeError("expected a number");
  return Number(json.spelling);
}

/** Bytes in base64. Spare bits that are set decode as well; the spelling is compared where it matters (`decodeLine`). */
export function bytes(json, watch) {
  const decoded = unbase64(text(json));
  if (decoded === null) throw new ShapeError("expected base64");
  if (base64(decoded) !== json) watch?.("another spelling of the same bytes");
  return decoded;
}

export const orNull = (shape) => (json, watch) => (json === null ? null : shape(json, watch));

/** An array of any length. */
export const list = (shape) => (json, watch) => arrayOf(json).map((item) => shape(item, watch));

/** An array of exactly these. */
export const row = (...shapes) => (json, watch) => {
  if (arrayOf(json).length !== shapes.length) throw new ShapeError(`expected ${shapes.length} items`);
  return shapes.map((shape, at) => shape(json[at], watch));
};

/** An object of any keys. */
export const table = (shape) => (json, watch) => {
  const filled = Object.create(null);
  for (const [key, item] of Object.entries(objectOf(json))) filled[key] = shape(item, watch);
  return filled;
};

/** A field that may be left out. It is `value` then. */
export const optional = (shape, value) => ({ shape, value });

/** An object of these fields and no others. A field with its default is left out, or, if `isWhole`, written as well. */
export const fields = (spec, { isWhole = false } = {}) => (json, watch) => {
  const unknown = Object.keys(objectOf(json)).find((name) => !Object.hasOwn(spec, name));
  if (unknown !== undefined) throw new ShapeError(`unknown field ${unknown}`);
  const missing = Object.keys(spec).find((name) => json[name] === undefined);
  if (isWhole && missing !== undefined) watch?.(`no ${missing}`);
  const tellDefault = isWhole ? () => {} : (name) => watch?.(`the default of ${name}, spelled out`);
  return fill(spec, (name) => json[name], watch, tellDefault);
};

/** An array of these fields in this order. All of them are written, defaults as well. */
export const inOrder = (spec) => (json, watch) => {
  const names = Object.keys(spec);
  if (arrayOf(json).length > names.length) throw new ShapeError(`expected at most ${names.length} items`);
  if (json.length < names.length) watch?.("fewer items than fields");
  return fill(spec, (name) => json[names.indexOf(name)], watch, () => {});
};

function fill(spec, get, watch, tellDefault) {
  const filled = {};
  for (const [name, field] of Object.entries(spec)) {
    const json = get(name);
    const isOptional = typeof field !== "function";
    if (json === undefined && !isOptional) throw new ShapeError(`missing field ${name}`);
    filled[name] = json === undefined ? field.value : (isOptional ? field.shape : field)(json, watch);
    if (json !== undefined && isOptional && isSame(filled[name], field.value)) tellDefault(name);
  }
  return filled;
}

function arrayOf(json) {
  if (!Array.isArray(json)) throw new ShapeError("expected an array");
  return json;
}

export function objectOf(json) {
  const isObject = json !== null && typeof json === "object" && !Array.isArray(json) && !(json instanceof Digits);
  if (!isObject) throw new ShapeError("expected an object");
  return json;
}

const isContainer = (said) => said !== null && typeof said === "object";

/** Whether two values that shapes gave are the same. */
export function isSame(a, b) {
  if (a === b) return true;
  if (!(isContainer(a) && isContainer(b))) return false;
  const names = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSame(a[name], b[name]))
  );
}

/**
 * What a line says, if it is canonical. The rules are asked in this order: `decode`, `profile`, `canonical`.
 * `shapeOf` picks the shape by the JSON. Contents may be anything, so the profile is not for lines of blobs.
 */
export function decodeLine(line, file, position, shapeOf, { isBlob = false } = {}) {
  let json, said, second = "";
  try {
    json = readJson(textOf(line) ?? fail("UTF-8"));
    said = shapeOf(json)(json, (what) => { second ||= what; });
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof JsonError)) throw error;
    throw broken(file, position, "decode", "a record of a known shape", error.message);
  }
  if (!isBlob) checkProfile(json, file, position);
  if (second || recordText(json) !== textOf(line)) {
    throw broken(file, position, "canonical", "the one spelling of this record", second || "another spelling");
  }
  return said;
}

function fail(expected) {
  throw new ShapeError(`expected ${expected}`);
}

/** Keys are ASCII, and whole numbers within 2^53 - 1. */
function checkProfile(json, file, position) {
  if (json instanceof Digits) {
    if (!isSafe(json)) throw broken(file, position, "profile", "a number within 2^53 - 1", json.spelling);
  } else if (json !== null && typeof json === "object") {
    for (const [key, item] of Object.entries(json)) {
      // eslint-disable-next-line no-control-regex
      if (!/^[\x00-\x7f]*$/.test(key)) throw broken(file, position, "profile", "a key of ASCII", key);
      checkProfile(item, file, position);
    }
  }
}
