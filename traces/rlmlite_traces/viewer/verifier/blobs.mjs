/**
 * Blobs: the contents of a trace, each under the ref that it proves, and who names them in which order.
 *
 * A line of `blobs.jsonl` holds a salt and a content, and its ref is computed from them, not believed:
 *
 *     ref = SHA-256( 2, salt, SHA-256(content) )
 *
 * So a changed byte gives another ref: the record that names the old one finds nothing, and nothing names the new one.
 * Content of more than 64 KiB is a file of its own, `blobs/REF`, and is compared with the ref that names it. A file that
 * is shorter than its line says is absent, as after a copy that broke off; nothing honest makes one longer.
 */

import { hex, hmac, join, sha256, textOf, utf8 } from "./hashes.mjs";
import { JsonError, readJson } from "./json.mjs";
import { BLOBS } from "./records.mjs";
import { sourceShape } from "./settings.mjs";
import { broken, ShapeError, TraceError } from "./shapes.mjs";

const LARGE = 64 * 1024;
const SALT_BYTES = 16;
export const isRef = (text) => /^[0-9a-f]{64}$/.test(text);

/** The ref of content with this SHA-256, under a salt. */
export const refOf = (salt, digest) => hex(sha256(join([2], salt, digest)));

/** The ref of what is not stored, by its SHA-256. `key` is the salt of the blob that it was made by. */
export const refUnder = (key, digest) => refOf(hmac(key, digest).subarray(0, SALT_BYTES), digest);

/** The contents of a trace by their refs: `lines` are those of `blobs.jsonl`, `files` the large ones by name. */
export class Blobs {
  #places = new Map();

  constructor(lines, files, layout) {
    this.files = files;
    let position = 0;
    for (const line of lines) {
      const { line: said, named } = layout.blob(line, position);
      const { ref, place } = this.#place(said, named, position);
      if (this.#places.has(ref)) throw broken(BLOBS, position, "twice", "each content once", ref);
      this.#places.set(ref, place);
      position++;
    }
  }

  /** The refs, as their lines stand. */
  get refs() {
    return [...this.#places.keys()];
  }

  has(ref) {
    return this.#places.get(ref)?.content !== undefined;
  }

  content(ref) {
    return this.#places.get(ref).content;
  }

  salt(ref) {
    return this.#places.get(ref).salt;
  }

  /** Names of files in `blobs/` that no line names. */
  strays() {
    return Object.keys(this.files).filter((name) => !this.#places.get(name)?.isFile);
  }

  /** The ref of a line and what is known of its content: undefined if that is absent. */
  #place(said, named, position) {
    checkShape(said, position);
    const isFile = said.text === undefined && said.size !== null;
    const content = isFile ? this.#fileContent(said, position) : inlineContent(said, position);
    // Without its content nothing can be computed: the ref that the line names must do.
    if (content === undefined) return { ref: named, place: { salt: said.salt, isFile } };
    const ref = refOf(said.salt, sha256(content));
    if (named && ref !== named) {
      throw new TraceError("BlobMismatchError", `blob ${named.slice(0, 12)}: the content does not match its ref`);
    }
    return { ref, place: { salt: said.salt, content, isFile } };
  }

  #fileContent({ ref, size }, position) {
    require(size > LARGE, position, "size", `more than ${LARGE}`, size);
    const content = Object.hasOwn(this.files, ref) ? this.files[ref] : undefined;
    if (content === undefined || content.length < size) return undefined;
    if (content.length > size) {
      throw new TraceError("BlobMismatchError", `blob ${ref.slice(0, 12)}: its file has more than the ${size} bytes that its line says`);
    }
    return content;
  }
}

/** A salt is whole, content stands there in one way, and a ref only where that is a file. */
function checkShape(said, position) {
  require(said.salt.length === SALT_BYTES, position, "salt", `${SALT_BYTES} bytes`, `${said.salt.length} bytes`);
  if (said.text !== undefined) return;
  const ways = (said.base64 !== null) + (said.size !== null);
  require(ways === 1, position, "one-content", "exactly one of base64, size", ways);
  const fits = said.size === null ? said.ref === "" : isRef(said.ref);
  require(fits, position, "ref", said.size === null ? "no ref" : "64 hex digits", said.ref);
}

/** The content in a line. Base64 of what could be text is refused: each content has one spelling. */
function inlineContent(said, position) {
  const content = said.text === undefined ? said.base64 : utf8(said.text);
  const isSpelled = said.text !== undefined || textOf(content) === null;
  require(isSpelled, position, "spelling", "text, as it is valid UTF-8", "base64");
  require(content.length <= LARGE, position, "size", `at most ${LARGE}`, content.length);
  return content;
}

function require(holds, position, check, expected, found) {
  if (!holds) throw broken(BLOBS, position, check, expected, found);
}

const examples = (...remarks) => remarks.flat().map((remark) => remark?.example);

/** Which refs of a record name blobs; the others commit to what no trace holds (values, prompts, what spans are of). */
const OF_RECORD = {
  genesis: (record) => [record.settings, record.signature, ...record.inputs.map((input) => input.source)],
  addition: (record) => record.inputs.map((input) => input.source),
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

/**
 * Every blob that a record and its calls name, some more than once. The order is that in which a writer stores them
 * before the record, and so that of the lines of `blobs.jsonl`:
 *
 *     genesis, addition    settings; for each input its source, and the content that this names
 *     turn                 what was read of the reply, the reply; what else it names
 *     step                 its action as data, what it showed; examples of warnings and notes; call by call: the texts
 *                          of the prompt, the result, the details of a failure, the findings of a nested run
 *     others               in the order of the table
 */
export function namedBy(record, calls, blobs) {
  const first = record.inputs ? [record.settings, ...ofInputs(record.inputs, blobs)] : [];
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
