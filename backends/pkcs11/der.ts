/** Just enough DER (X.690) to write keys down. Buffers, never text: they can be wiped. */

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const SEQUENCE = 0x30;

function item(tag: number, ...contents: readonly Buffer[]): Buffer {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const bytes = Buffer.concat([Buffer.from([tag]), lengthOf(length), ...contents]);
  return bytes;
}

/** Up to 127 in one byte; above it, the number of bytes that follow and then those (section 8.1.3). */
function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  const significant = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.from([0x80 | significant.length]), significant]);
}

export const sequence = (...items: readonly Buffer[]): Buffer => item(SEQUENCE, ...items);
export const octets = (...contents: readonly Buffer[]): Buffer => item(OCTET_STRING, ...contents);
/** Whole bytes: no unused bits. */
export const bits = (bytes: Buffer): Buffer => item(BIT_STRING, Buffer.from([0]), bytes);
export const explicit = (number: number, content: Buffer): Buffer => item(0xa0 | number, content);

/** A positive number from its big-endian bytes, as short as section 8.3 wants it. */
export function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const shortest = first === -1 ? Buffer.from([0]) : bytes.subarray(first);
  const isNegative = ((shortest[0] ?? 0) & 0x80) !== 0;
  return isNegative ? item(INTEGER, Buffer.from([0]), shortest) : item(INTEGER, shortest);
}

/** What is in an OCTET STRING; the bytes themselves where they are none: tokens differ in what they hand out. */
export function withoutOctetString(bytes: Buffer): Buffer {
  const content = bytes.subarray(2);
  return bytes[0] === OCTET_STRING && bytes[1] === content.length ? content : bytes;
}

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
/** RFC 7468 section 2: 64 characters a line. */
const LINE_BYTES = 48;

/** RFC 7468. Node encodes by way of strings, which nobody can wipe. */
export function pem(label: string, der: Buffer): Buffer {
  const lines = Math.ceil(der.length / LINE_BYTES);
  const head = `-----BEGIN ${label}-----\n`;
  const foot = `-----END ${label}-----\n`;
  const text = Buffer.allocUnsafeSlow(head.length + Math.ceil(der.length / 3) * 4 + lines + foot.length);
  let at = text.write(head, 'latin1');
  for (let from = 0; from < der.length; from += LINE_BYTES) {
    at = writeLine(text, at, der.subarray(from, from + LINE_BYTES));
  }
  text.write(foot, at, 'latin1');
  return text;
}

function writeLine(text: Buffer, start: number, bytes: Buffer): number {
  let at = start;
  for (let from = 0; from < bytes.length; from += 3) {
    const group = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    for (const shift of [18, 12, 6, 0]) {
      text[at] = ALPHABET[(group >> shift) & 0x3f] as number;
      at += 1;
    }
  }
  const missing = (3 - (bytes.length % 3)) % 3;
  text.fill('=', at - missing, at);
  text[at] = 0x0a;
  return at + 1;
}
