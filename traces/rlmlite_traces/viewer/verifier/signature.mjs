/**
 * Signatures: whether a key has signed the root of a trace, by the envelope `trace.dsse.json` beside it.
 *
 *     {"payload":"eyJf…","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"7c1e…","sig":"mZq…"}]}
 *
 * The payload is a statement about the trace (in-toto, in base64). Nothing in it is believed: the statement that the trace
 * deserves is made here, and the two must be the same bytes. What a key signs is the statement with its type and their
 * lengths before it (DSSE), so a signature of something else cannot be taken for one of this.
 *
 * Ed25519 is that of the platform, so this one check is a promise. A page must have been loaded securely for it.
 */

import { base64, hex, sha256, textOf, unbase64, utf8, join } from "./hashes.mjs";
import { JsonError, readJson, recordText } from "./json.mjs";
import { fields, list, ShapeError, text, TraceError } from "./shapes.mjs";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";

const envelopeShape = fields({
  payload: text,
  payloadType: text,
  signatures: list(fields({ keyid: text, sig: text })),
});

/** The one statement about a verified trace, as bytes. `records` are the bytes of `trace.jsonl`. */
export function statementOf(trace, records) {
  const { v, run } = trace.records[0];
  return utf8(JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    predicate: { format: v, records: trace.records.length, root: trace.root, run },
    predicateType: "urn:rlmlite:trace:1",
    subject: [{ digest: { sha256: hex(sha256(records)) }, name: "trace.jsonl" }],
  }));
}

/** The public key in a PEM file: its bytes in DER (SPKI), and its id. */
export function readKey(pem) {
  const lines = /^-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END PUBLIC KEY-----\s*$/.exec(pem);
  const der = lines && unbase64(lines[1].replace(/\s/g, ""));
  if (!der) throw new TraceError("KeyFileError", "expected a public key in PEM");
  return { der, id: hex(sha256(der)) };
}

/** Throw `TraceError` unless the key has signed this trace, which must be sealed and verified. */
export async function checkSignature(trace, files, key) {
  if (trace.level !== "SEALED") throw new TraceError("LevelError", "expected level SEALED, found OPEN");
  const statement = statementOf(trace, files["trace.jsonl"]);
  const signatures = signaturesIn(files["trace.dsse.json"], statement).filter((each) => each.keyid === key.id);
  if (signatures.length === 0) throw refused("keyid", `a signature by the key ${key.id}`, "none");
  const message = join(utf8(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${statement.length} `), statement);
  const verifier = await crypto.subtle.importKey("spki", key.der, { name: "Ed25519" }, false, ["verify"]);
  for (const { sig } of signatures) {
    const isMade = await crypto.subtle.verify({ name: "Ed25519" }, verifier, decoded(sig), message);
    if (!isMade) throw refused("signature", `a signature that the key ${key.id} made`, "another one");
  }
}

/** The signatures in an envelope about this statement. Whether they are sound is not asked here. */
function signaturesIn(bytes, statement) {
  if (bytes === undefined) throw refused("keyid", "a signature", "none: the trace is not signed");
  const envelope = readEnvelope(bytes);
  if (envelope.payloadType !== PAYLOAD_TYPE) throw refused("envelope", PAYLOAD_TYPE, envelope.payloadType);
  if (base64(statement) !== base64(decoded(envelope.payload))) {
    throw refused("other-trace", "a statement about this trace", "one about something else");
  }
  return envelope.signatures;
}

function readEnvelope(bytes) {
  const said = textOf(bytes) ?? "";
  try {
    const json = readJson(said);
    const envelope = envelopeShape(json);
    if (`${recordText(json)}\n` !== said) throw new ShapeError("expected the one spelling of what it says");
    return envelope;
  } catch (error) {
    if (error instanceof ShapeError || error instanceof JsonError) throw refused("envelope", "a DSSE envelope", error.message);
    throw error;
  }
}

/** Base64 in its one spelling. */
function decoded(spelled) {
  const bytes = unbase64(spelled);
  if (bytes === null || base64(bytes) !== spelled) throw refused("envelope", "base64", spelled.slice(0, 40));
  return bytes;
}

function refused(check, expected, found) {
  const message = `trace.dsse.json: ${check}: expected ${expected}, found ${found}`;
  return new TraceError("SignatureError", message, { check });
}
