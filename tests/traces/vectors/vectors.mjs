/**
 * Tries a reader of traces with `traces/vectors.json`, section by section. `failures` are the vectors of which it says
 * something else than the file: `{ section, name, expected, found }`.
 */

const encoder = new TextEncoder();

/** Bytes as the file spells them: text, `{ hex }`, or pieces of which one may be `{ repeat, times }`. */
export function bytesOf(said) {
  if (said.hex !== undefined) return unhex(said.hex);
  const pieces = [said].flat().map((piece) => typeof piece === "string" ? piece : piece.repeat.repeat(piece.times));
  return encoder.encode(pieces.join(""));
}

const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** The vectors that `reader` (what the modules of the verifier export) does not meet, the first `most` of them. */
export function failures(reader, vectors, most = Infinity) {
  const found = [];
  for (const [section, judge] of Object.entries(SECTIONS)) {
    for (const vector of vectors[section] ?? []) {
      for (const [name, expected, actual] of judge(attempt(reader), vector, vectors)) {
        if (JSON.stringify(expected) !== JSON.stringify(actual)) found.push({ section, name, expected, found: actual });
        if (found.length >= most) return found;
      }
    }
  }
  return found;
}

/** A reader whose functions give what they throw. */
function attempt(reader) {
  return { ...reader, try: (run) => {
    try {
      return run();
    } catch (error) {
      return { thrown: error.check || error.error || error.name, place: `${error.file} ${error.line}` };
    }
  } };
}

const SECTIONS = {
  lines(reader, { format, file, line, check }) {
    const layout = { 1: reader.FORMAT_ONE, 2: reader.FORMAT_TWO }[format];
    const read = { "trace.jsonl": "record", "effects.jsonl": "callItem", "blobs.jsonl": "blob" }[file];
    const said = reader.try(() => layout[read](bytesOf(line), 0));
    return [[JSON.stringify(line).slice(0, 100), check, said.thrown ?? ""]];
  },

  numbers(reader, { bits, text }) {
    const number = new DataView(unhex(bits).buffer).getFloat64(0);
    const spelled = Number.isInteger(number) ? number.toExponential() : String(number);
    return [[bits, text, reader.try(() => reader.numberText(new reader.Digits(spelled)))]];
  },

  values(reader, { json, canonical }) {
    const said = reader.try(() => reader.valueText(reader.readJson(json)));
    return [[json.slice(0, 60), canonical, typeof said === "string" ? said : null]];
  },

  trees(reader, { leaves, root, proofs }) {
    const hashes = leaves.map(unhex);
    const prove = (leaf, at, size, proof) => reader.try(() => reader.rootOfProof(leaf, at, size, proof.map(unhex)));
    const cases = [[`${leaves.length} leaves`, root, reader.try(() => reader.rootOf(hashes))]];
    proofs.forEach((proof, at) => {
      const name = `${at} of ${leaves.length}`;
      cases.push([name, root, prove(hashes[at], at, leaves.length, proof)]);
      cases.push([`${name}, one hash more`, null, prove(hashes[at], at, leaves.length, [...proof, root])]);
      if (proof.length) cases.push([`${name}, one hash less`, null, prove(hashes[at], at, leaves.length, proof.slice(1))]);
    });
    return cases;
  },

  refs(reader, { salt, content, key, descriptor, ref }) {
    const found = key === undefined
      ? reader.refOf(unhex(salt), reader.sha256(unhex(content)))
      : reader.refUnder(unhex(key), reader.sha256(unhex(descriptor)));
    return [[ref, ref, found]];
  },

  ids: (reader, { place, id }) => [[id, id, reader.callId(...place)]],

  traces(reader, vector, vectors) {
    const { name, verdict, root = null, atLeast = "OPEN" } = vector;
    const files = filesOf(vector, vectors);
    const said = reader.try(() => {
      const trace = reader.verifyTrace(files, { root, atLeast });
      return { level: trace.level, root: trace.root, nested: reader.nestedRuns(trace, files).map((each) => [each.id, each.trace]) };
    });
    const place = `${verdict.file ?? ""} ${verdict.line ?? 0}`;
    if (said.thrown) return [[name, [verdict.check || verdict.error, place], [said.thrown, said.place]]];
    return [[name, [verdict.level, verdict.root, verdict.nested ?? []], [said.level, said.root, said.nested]]];
  },
};

/** The files of a trace: those of its base, with its own over them. */
export function filesOf({ base, without = [], files }, vectors) {
  const below = base ? filesOf(vectors.traces.find((each) => each.name === base), vectors) : {};
  const all = Object.assign(Object.create(null), below);
  for (const [name, said] of Object.entries(files)) all[name] = said.lines ? withLines(below[name], said.lines) : bytesOf(said);
  for (const name of without) delete all[name];
  return all;
}

/** A file in which some lines are others. */
function withLines(bytes, lines) {
  const pieces = new TextDecoder().decode(bytes).split(/(?<=\n)/).map(bytesOf);
  for (const [at, line] of Object.entries(lines)) pieces[at] = bytesOf(line);
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
