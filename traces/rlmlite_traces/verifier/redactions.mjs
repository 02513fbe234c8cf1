/**
 * Redactions after the seal: which contents were removed from a finished trace, why, and by whom.
 *
 * They stand in a file of their own, `redactions.jsonl`, and go on from the chain without being leaves of the tree: the
 * root stays the one that is known. So no root vouches for them. What is checked is that each content that is gone is
 * named by one of them, and that none of those that they name is here.
 */

import { hex, leafOf } from "./hashes.mjs";
import { isRef } from "./blobs.mjs";
import { FORMAT_TWO, REDACTIONS } from "./records.mjs";
import { broken, isSame } from "./shapes.mjs";

/** The redactions that follow the end of a chain, in order. */
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
