import { IntegrityError } from '../errors.ts';
import { kekId as asKekId, type KekId } from '../model/ids.ts';
import { IV_BYTES, TAG_BYTES } from './seal.ts';

/**
 * How a key is wrapped. `none`: profile D, no data key at all. `gcm-token` has the bytes of `gcm`, but the key that made
 * them never left its token.
 */
export type WrapSuite = 'none' | 'gcm' | 'kwp' | 'gcm-token' | 'transit' | 'kwp-mac';

const SUITE_BYTES: Readonly<Record<WrapSuite, number>> = {
  none: 0x00,
  gcm: 0x01,
  kwp: 0x02,
  'gcm-token': 0x03,
  transit: 0x04,
  'kwp-mac': 0x05,
};
const SUITES = Object.keys(SUITE_BYTES) as readonly WrapSuite[];

/** Bytes a wrapped 32-byte key takes; `transit` gives text of its own length. */
const WRAPPED_BYTES: Readonly<Record<Exclude<WrapSuite, 'transit'>, number>> = {
  none: 0,
  gcm: 60,
  kwp: 40,
  'gcm-token': 60,
  'kwp-mac': 72,
};
const TRANSIT_PREFIX = Buffer.from('vault:v', 'latin1');
/** Some 100 characters in practice; more than this is no wrapped key. */
const MAX_TRANSIT_BYTES = 1024;

/**
 * How a payload is sealed. `gcm`: AES-256-GCM, 96-bit IV, 128-bit tag. `cbc-mac`, for tokens without GCM: AES-256-CBC with
 * PKCS#7 padding by the KEK, 128-bit IV, and in the tag's place HMAC-SHA-256 by the store's MAC key over the associated
 * data, the IV and the ciphertext; the length that its associated data binds is the ciphertext's, since the MAC is
 * checked before anything is decrypted. Only in profile D.
 */
export type ContentSuite = 'gcm' | 'cbc-mac';

/** AES-256-GCM: the only content suite that software seals with. */
export const CONTENT_GCM = 0x01;
/** For tokens without GCM. */
export const CONTENT_CBC_MAC = 0x02;

const CBC_BLOCK_BYTES = 16;
const CONTENTS: Readonly<
  Record<ContentSuite, { readonly byte: number; readonly ivBytes: number; readonly tagBytes: number }>
> = {
  gcm: { byte: CONTENT_GCM, ivBytes: IV_BYTES, tagBytes: TAG_BYTES },
  'cbc-mac': { byte: CONTENT_CBC_MAC, ivBytes: CBC_BLOCK_BYTES, tagBytes: 32 },
};

const KEK_MAGIC = Buffer.from('KBK1', 'latin1');
const PAYLOAD_MAGIC = Buffer.from('KBP1', 'latin1');
const KEK_HEADER_BYTES = 6;
const PAYLOAD_HEADER_BYTES = 24;
const KEK_ID_AT = 8;
const MAX_ROOT_KEY_BYTES = 255;

export interface WrappedKek {
  readonly suite: WrapSuite;
  /** Name of the root key that unwraps it. */
  readonly rootKey: string;
  readonly wrapped: Buffer;
}

export interface SealedBlob {
  readonly content: ContentSuite;
  readonly suite: WrapSuite;
  readonly kekId: KekId;
  /** Empty in profile D. */
  readonly wrappedDek: Buffer;
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

export function suiteByte(suite: WrapSuite): number {
  return SUITE_BYTES[suite];
}

export function encodeWrappedKek({ suite, rootKey, wrapped }: WrappedKek): Buffer {
  const name = Buffer.from(rootKey);
  if (name.length === 0 || name.length > MAX_ROOT_KEY_BYTES) refuse('a root key name of impossible length');
  return Buffer.concat([KEK_MAGIC, Buffer.from([SUITE_BYTES[suite], name.length]), name, wrapped]);
}

/** The parts are views into `bytes`. Everything that can be wrong without a key is refused here. */
export function decodeWrappedKek(bytes: Buffer): WrappedKek {
  if (bytes.length < KEK_HEADER_BYTES || !startsWith(bytes, KEK_MAGIC)) refuse('no KBK1');
  const suite = suiteOf(bytes[4]);
  const nameEnd = KEK_HEADER_BYTES + (bytes[5] as number);
  if (suite === 'none' || nameEnd === KEK_HEADER_BYTES || nameEnd > bytes.length)
    refuse('a KBK1 with a broken header');
  const name = bytes.subarray(KEK_HEADER_BYTES, nameEnd);
  const wrapped = bytes.subarray(nameEnd);
  if (!fits(suite, wrapped)) refuse('a KBK1 of impossible length');
  const rootKey = name.toString('utf8');
  if (!Buffer.from(rootKey).equals(name)) refuse('a root key name that is not UTF-8');
  return { suite, rootKey, wrapped };
}

/** One allocation for the whole blob; the parts are copied into it. */
export function encodeSealed(
  suite: WrapSuite,
  kekId: Buffer,
  parts: Omit<SealedBlob, 'content' | 'suite' | 'kekId'>,
  content: ContentSuite = 'gcm',
): Buffer {
  const { wrappedDek, iv, ciphertext, tag } = parts;
  const { byte, ivBytes, tagBytes } = CONTENTS[content];
  const ivAt = PAYLOAD_HEADER_BYTES + wrappedDek.length;
  const tagAt = ivAt + ivBytes + ciphertext.length;
  const blob = Buffer.allocUnsafeSlow(tagAt + tagBytes);
  blob.set(PAYLOAD_MAGIC);
  blob[4] = byte;
  blob[5] = SUITE_BYTES[suite];
  blob.writeUInt16BE(wrappedDek.length, 6);
  blob.set(kekId, KEK_ID_AT);
  blob.set(wrappedDek, PAYLOAD_HEADER_BYTES);
  blob.set(iv, ivAt);
  blob.set(ciphertext, ivAt + ivBytes);
  blob.set(tag, tagAt);
  return blob;
}

/** The parts are views into `blob`. Everything that can be wrong without a key is refused here. */
export function decodeSealed(blob: Buffer): SealedBlob {
  if (blob.length < PAYLOAD_HEADER_BYTES || !startsWith(blob, PAYLOAD_MAGIC)) refuse('no KBP1');
  const content = contentOf(blob[4]);
  const suite = suiteOf(blob[5]);
  const { ivBytes, tagBytes } = CONTENTS[content];
  const ivAt = PAYLOAD_HEADER_BYTES + blob.readUInt16BE(6);
  const tagAt = blob.length - tagBytes;
  if (tagAt < ivAt + ivBytes) refuse('a KBP1 of impossible length');
  if (content === 'cbc-mac' && !isPadded(suite, tagAt - ivAt - ivBytes))
    refuse('a KBP1 of impossible length');
  const wrappedDek = blob.subarray(PAYLOAD_HEADER_BYTES, ivAt);
  if (!fits(suite, wrappedDek)) refuse('a KBP1 whose data key has an impossible length');
  return {
    content,
    suite,
    kekId: decodeKekId(blob.subarray(KEK_ID_AT, PAYLOAD_HEADER_BYTES)),
    wrappedDek,
    iv: blob.subarray(ivAt, ivAt + ivBytes),
    ciphertext: blob.subarray(ivAt + ivBytes, tagAt),
    tag: blob.subarray(tagAt),
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The 16 octets of a KEK's id. */
export function encodeKekId(id: KekId): Buffer {
  if (!UUID.test(id)) refuse('a KEK id that is no UUID');
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function decodeKekId(octets: Buffer): KekId {
  const hex = octets.toString('hex');
  return asKekId(
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`,
  );
}

function startsWith(bytes: Buffer, magic: Buffer): boolean {
  return bytes.compare(magic, 0, magic.length, 0, magic.length) === 0;
}

function contentOf(byte: number | undefined): ContentSuite {
  const contents = Object.keys(CONTENTS) as readonly ContentSuite[];
  return contents.find((one) => CONTENTS[one].byte === byte) ?? refuse('a KBP1 of unknown content suite');
}

/** Padding makes whole blocks, one at least. */
function isPadded(suite: WrapSuite, bytes: number): boolean {
  return suite === 'none' && bytes > 0 && bytes % CBC_BLOCK_BYTES === 0;
}

function suiteOf(byte: number | undefined): WrapSuite {
  return SUITES.find((suite) => SUITE_BYTES[suite] === byte) ?? refuse('an unknown wrap suite');
}

function fits(suite: WrapSuite, wrapped: Buffer): boolean {
  if (suite !== 'transit') return wrapped.length === WRAPPED_BYTES[suite];
  const { length } = wrapped;
  return length > TRANSIT_PREFIX.length && length <= MAX_TRANSIT_BYTES && startsWith(wrapped, TRANSIT_PREFIX);
}

function refuse(what: string): never {
  throw new IntegrityError('', { detail: `stored bytes hold ${what}` });
}
