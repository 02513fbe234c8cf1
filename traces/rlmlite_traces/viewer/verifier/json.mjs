/**
 * JSON: a reader that hides nothing, and the two canonical forms.
 *
 * `JSON.parse` turns 9007199254740993 into ...992, 1.0 into 1, and says nothing of a key that stands twice. A verifier
 * must see these, so a number keeps its spelling here (`Digits`), and canonical is what is the same when written again:
 *
 *     {"b":1, "a":1}     read   {b: Digits("1"), a: Digits("1")}     written again   {"a":1,"b":1}
 *
 * Records are RFC 8785 without fractions and with ASCII keys (`recordText`). Values of programs, `value/1`, may have any
 * keys, whole numbers of any size, and other numbers as ECMAScript prints them (`valueText`).
 */

/** A number as it is spelled. */
export class Digits {
  constructor(spelling) {
    this.spelling = spelling;
  }

  /** Whether it is a whole number, of a length that readers in any language take. */
  get isWhole() {
    return /^-?\d{1,4300}$/.test(this.spelling);
  }
}

/** What is not JSON. */
export class JsonError extends Error {}

const BLANKS = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const DEEPEST = 1000, DEEPEST_VALUE = 128;

/** The value of a JSON text: objects without a prototype, arrays, texts, `Digits`, booleans, null. */
export function readJson(text) {
  let at = 0;
  const value = readValue(0);
  match(BLANKS);
  if (at < text.length) fail("nothing more");
  return value;

  function readValue(depth) {
    if (depth > DEEPEST) fail(`at most ${DEEPEST} levels`);
    match(BLANKS);
    switch (text[at]) {
      case "{": return readObject(depth);
      case "[": return readArray(depth);
      case '"': return readText();
      case "t": return readWord("true", true);
      case "f": return readWord("false", false);
      case "n": return readWord("null", null);
      default: return readNumber();
    }
  }

  function readObject(depth) {
    const object = Object.create(null);
    readItems("}", () => {
      match(BLANKS);
      const key = readText();
      match(BLANKS);
      if (text[at++] !== ":") fail("a colon");
      object[key] = readValue(depth + 1); // of a key that stands twice the last one, as most readers do
    });
    return object;
  }

  function readArray(depth) {
    const array = [];
    readItems("]", () => array.push(readValue(depth + 1)));
    return array;
  }

  /** The items between brackets, with commas between them. */
  function readItems(closing, readItem) {
    at++;
    match(BLANKS);
    if (text[at] === closing) {
      at++;
      return;
    }
    for (;;) {
      readItem();
      match(BLANKS);
      const next = text[at++];
      if (next === closing) return;
      if (next !== ",") fail(`a comma or ${closing}`);
    }
  }

  function readNumber() {
    const spelling = match(NUMBER);
    if (spelling === "") fail("a value");
    return new Digits(spelling);
  }

  /** A text: its end is the next quote that no backslash escapes. Whether it is one is for `JSON.parse` to say. */
  function readText() {
    let end = at;
    do end = text.indexOf('"', end + 1);
    while (isEscaped(end)); // without a last quote, `end` is -1: nothing is left to be parsed, and that is no text
    const spelled = text.slice(at, end + 1);
    at = end + 1;
    return parseText(spelled);
  }

  function isEscaped(place) {
    let backslashes = 0;
    while (text[place - 1 - backslashes] === "\\") backslashes++;
    return backslashes % 2 === 1;
  }

  function parseText(spelled) {
    let said;
    try {
      said = JSON.parse(spelled);
    } catch {
      fail("a text without raw control characters");
    }
    if (LONE_SURROGATE.test(said)) fail("whole characters");
    return said;
  }

  function readWord(word, meaning) {
    if (!text.startsWith(word, at)) fail("a value");
    at += word.length;
    return meaning;
  }

  function match(pattern) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  }

  function fail(expected) {
    throw new JsonError(`expected ${expected} at ${at}`);
  }
}

/** The canonical text of a record. Its numbers are whole and small, which is for `decodeLine` to see. */
export const recordText = (json) => write(json, DEEPEST);

/** The canonical text of a value (`value/1`). Throws `JsonError` for one that has none. */
export const valueText = (json) => write(json, DEEPEST_VALUE);

/** A number in its canonical spelling: a whole one as it is, any other as ECMAScript prints it. */
export function numberText(digits) {
  if (digits.isWhole) return digits.spelling === "-0" ? "0" : digits.spelling;
  const number = Number(digits.spelling);
  if (!Number.isFinite(number)) throw new JsonError(`${digits.spelling} is too large for a number`);
  return String(number);
}

/** Whether a whole number is within 2^53 - 1, so that all readers see the same one. */
export const isSafe = (digits) => Number.isSafeInteger(Number(digits.spelling));

function write(json, levels) {
  if (json instanceof Digits) return numberText(json);
  if (json === null || typeof json !== "object") return JSON.stringify(json);
  if (levels === 0) throw new JsonError("nested too deep");
  const inner = (item) => write(item, levels - 1);
  if (Array.isArray(json)) return `[${json.map(inner).join(",")}]`;
  const fields = Object.keys(json).sort(byCodePoints).map((key) => `${JSON.stringify(key)}:${inner(json[key])}`);
  return `{${fields.join(",")}}`;
}

/** The order of texts by code points. JavaScript's own is by halves of surrogate pairs, and differs above U+FFFF. */
export function byCodePoints(a, b) {
  const left = Array.from(a, (character) => character.codePointAt(0));
  const right = Array.from(b, (character) => character.codePointAt(0));
  const at = left.findIndex((point, place) => point !== right[place]);
  return at < 0 ? left.length - right.length : left[at] - (right[at] ?? -1);
}
