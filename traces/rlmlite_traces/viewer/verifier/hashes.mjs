/**
 * Hashes: bytes and their spellings, SHA-256, and the tree over many lines.
 *
 * SHA-256 is written out here although every browser has one: theirs (WebCrypto) answers later, one promise per hash,
 * and is missing on pages that were not loaded securely. A trace takes thousands of short hashes in a row, and checks
 * that need not wait read like what they check. A test compares it with Node's own.
 *
 * The tree (RFC 6962) commits to a list of lines in one hash. Leaves and inner nodes are hashed with different first
 * bytes, so no node can be passed off as a line. Over five lines, with h the hash of an inner node, its head is
 *
 *     h( h( h(a,b), h(c,d) ), e )          the left part has the largest power of two of leaves that is not all of them
 */

const utf8Encoder = new TextEncoder();
// Neither the mark at the beginning of a text nor a broken sequence may pass unseen.
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of a text. */
export const utf8 = (text) => utf8Encoder.encode(text);

/** The text of UTF-8 bytes, or `null` if they are not UTF-8. */
export function textOf(bytes) {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Several byte arrays as one. */
export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const sameBytes = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The bytes of hex digits, or `null` unless it is pairs of lower-case digits. */
export function unhex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const bits = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (const shift of [18, 12, 6, 0]) text += BASE64[(bits >> shift) & 63];
  }
  const missing = (3 - (bytes.length % 3)) % 3;
  return text.slice(0, text.length - missing) + "=".repeat(missing);
}

/** The bytes of base64 with its padding, or `null` if it is not base64. Spare bits may be set: see `base64`. */
export function unbase64(text) {
  if (!/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return null;
  const digits = text.replace(/=+$/, "");
  const bytes = new Uint8Array((digits.length * 6) >> 3);
  let bits = 0, count = 0, at = 0;
  for (const digit of digits) {
    bits = ((bits << 6) | BASE64.indexOf(digit)) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[at++] = bits >> count;
    }
  }
  return bytes;
}

// SHA-256 (FIPS 180-4). The constants are the first 32 bits behind the point of the cube roots of the first 64 primes,
// the state begins with those of the square roots of the first 8.
const PRIMES = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
const fraction = (number) => ((number - Math.floor(number)) * 2 ** 32) | 0;
const ROUNDS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const turned = (word, by) => (word >>> by) | (word << (32 - by));

/** The SHA-256 of bytes, as 32 bytes. */
export function sha256(bytes) {
  const state = Int32Array.from(START);
  const words = new Int32Array(64);
  const whole = bytes.length - (bytes.length % 64);
  for (let at = 0; at < whole; at += 64) digestBlock(state, words, bytes, at);
  // The last block: what is left, a set bit, zeros, and the length in bits in the last eight bytes.
  const left = bytes.length - whole;
  const tail = new Uint8Array(left < 56 ? 64 : 128);
  tail.set(bytes.subarray(whole));
  tail[left] = 0x80;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(tail.length - 4, (bytes.length << 3) >>> 0);
  for (let at = 0; at < tail.length; at += 64) digestBlock(state, words, tail, at);
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, place) => digest.setInt32(4 * place, word));
  return new Uint8Array(digest.buffer);
}

/** Mix 64 bytes into the state. `words` is room to work in. */
function digestBlock(state, words, bytes, at) {
  for (let n = 0; n < 16; n++, at += 4) {
    words[n] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let n = 16; n < 64; n++) {
    const early = words[n - 15], late = words[n - 2];
    const first = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
    const second = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
    words[n] = words[n - 16] + first + words[n - 7] + second;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let n = 0; n < 64; n++) {
    const choice = (e & f) ^ (~e & g), majority = (a & b) ^ (a & c) ^ (b & c);
    const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + ROUNDS[n] + words[n]) | 0;
    const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + majority) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/** HMAC with SHA-256 (RFC 2104), for keys of at most 64 bytes. */
export function hmac(key, bytes) {
  const padded = (filler) => Uint8Array.from({ length: 64 }, (_, at) => (key[at] ?? 0) ^ filler);
  return sha256(join(padded(0x5c), sha256(join(padded(0x36), bytes))));
}

/** The hash of one line, without its newline. */
export const leafOf = (line) => sha256(join([0], line));

const nodeOf = (left, right) => sha256(join([1], left, right));

/** The largest power of two below a number of leaves. */
function leftPart(count) {
  let size = 1;
  while (size * 2 < count) size *= 2;
  return size;
}

function headOf(leaves) {
  if (leaves.length === 0) return sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0];
  const left = leftPart(leaves.length);
  return nodeOf(headOf(leaves.slice(0, left)), headOf(leaves.slice(left)));
}

/** The root over leaf hashes, in hex. */
export const rootOf = (leaves) => hex(headOf(leaves));

/**
 * The root that an inclusion proof leads to (RFC 9162): from leaf `index` of `size`, with the hashes beside its path from
 * the bottom up. `null` if the proof has not as many hashes as the path.
 */
export function rootOfProof(leaf, index, size, proof) {
  const head = climb(leaf, index, size, proof);
  return head === null ? null : hex(head);
}

function climb(leaf, index, size, proof) {
  if (size === 1) return proof.length === 0 ? leaf : null;
  if (proof.length === 0) return null;
  // The last hash of a proof is that of the other half of the whole tree; the ones before lead to the head of this half.
  const left = leftPart(size), other = proof.at(-1), rest = proof.slice(0, -1);
  if (index < left) {
    const head = climb(leaf, index, left, rest);
    return head && nodeOf(head, other);
  }
  const head = climb(leaf, index - left, size - left, rest);
  return head && nodeOf(other, head);
}
