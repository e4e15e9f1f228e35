import { randomFillSync } from 'node:crypto';
import { directAad } from '../../src/crypto/aad.ts';
import {
  CONTENT_CBC_MAC,
  CONTENT_GCM,
  decodeSealed,
  encodeSealed,
  type ContentSuite,
  type SealedBlob,
} from '../../src/crypto/envelope.ts';
import { IV_BYTES, TAG_BYTES } from '../../src/crypto/seal.ts';
import { CKM } from './mechanisms.ts';
import type { Handle, Module } from './module.ts';
import type { TokenOptions } from './options.ts';
import type { WrappedKey } from './key-wrapping.ts';
import { faultOf, TokenFault } from './rv.ts';

/** PKCS #11 v2.40 section 2.12.2; of the two layouts in use only this one carries the length of the IV in bits. */
const CK_PARAMS_AES_GCM_V240 = 7;
const BLOCK_BYTES = 16;
const MAC_BYTES = 32;
/** Some tokens ask for room that they do not use. */
const SPARE_BYTES = 32;

/** A session and a key in it. */
export interface At {
  readonly module: Module;
  readonly mechanisms: TokenOptions['mechanisms'];
  readonly session: Handle;
  readonly key: Handle;
  /** For `cbc-mac`: the first signs, any may have signed. Looked up when it is needed: an old one may be gone. */
  readonly macs: readonly (() => Handle)[];
  /** Codes by which this token says that bytes do not open. */
  readonly tampered: ReadonlySet<number>;
}

/** To whom a payload of profile D belongs. */
export interface Belonging {
  readonly kek: Pick<WrappedKey, 'id' | 'version'>;
  /** Store, project and secret, as `payloadScope` writes them. */
  readonly scope: Buffer;
}

/** Seals inside the token: KBP1, profile D. The IV comes from the operating system's generator. */
export async function sealInToken(
  at: At,
  { kek, scope }: Belonging,
  content: ContentSuite,
  plaintext: Buffer,
): Promise<Buffer> {
  const { iv, ciphertext, tag } =
    content === 'gcm'
      ? await sealGcm(at, plaintext, (bytes) => directAad(scope, kek, CONTENT_GCM, bytes))
      : await sealCbc(at, plaintext, (bytes) => directAad(scope, kek, CONTENT_CBC_MAC, bytes));
  return encodeSealed('none', kek.id, { wrappedDek: Buffer.alloc(0), iv, ciphertext, tag }, content);
}

/** The plaintext, the caller's to wipe. `integrity` when the blob is not this secret's, or was changed. */
export async function openInToken(at: At, { kek, scope }: Belonging, blob: Buffer): Promise<Buffer> {
  const sealed = decodeSealed(blob);
  if (sealed.suite !== 'none') throw new TokenFault('integrity', 'a payload with a data key of its own');
  const byte = sealed.content === 'gcm' ? CONTENT_GCM : CONTENT_CBC_MAC;
  const aad = directAad(scope, kek, byte, sealed.ciphertext.length);
  return sealed.content === 'gcm' ? openGcm(at, aad, sealed) : openCbc(at, aad, sealed);
}

/** Which of the MAC keys signed a payload of `cbc-mac`, by its place in the configuration. */
export async function signerOf(at: At, { kek, scope }: Belonging, blob: Buffer): Promise<number> {
  const { iv, ciphertext, tag } = decodeSealed(blob);
  const aad = directAad(scope, kek, CONTENT_CBC_MAC, ciphertext.length);
  return verifyByAny(at, Buffer.concat([aad, iv, ciphertext]), tag);
}

type Parts = Pick<SealedBlob, 'iv' | 'ciphertext' | 'tag'>;
type AadOf = (ciphertextBytes: number) => Buffer;

async function sealGcm(at: At, plaintext: Buffer, aadOf: AadOf): Promise<Parts> {
  const iv = randomFillSync(Buffer.alloc(IV_BYTES));
  const sealed = await gcmEncrypt(at, { iv, aad: aadOf(plaintext.length) }, plaintext);
  if (sealed.length !== plaintext.length + TAG_BYTES)
    throw new TokenFault('rejected', 'AES-GCM of the token gives another length than it should');
  return { iv, ciphertext: sealed.subarray(0, -TAG_BYTES), tag: sealed.subarray(-TAG_BYTES) };
}

const openGcm = (at: At, aad: Buffer, { iv, ciphertext, tag }: Parts): Promise<Buffer> =>
  gcmDecrypt(at, { iv, aad }, Buffer.concat([ciphertext, tag]));

export interface GcmInput {
  readonly iv: Buffer;
  readonly aad: Buffer;
}

const gcm = ({ mechanisms }: At, { iv, aad }: GcmInput) => ({
  mechanism: mechanisms.gcm,
  parameter: { type: CK_PARAMS_AES_GCM_V240, iv, aad, ivBits: IV_BYTES * 8, tagBits: TAG_BYTES * 8 },
});

/** The ciphertext with its tag behind it. */
export async function gcmEncrypt(at: At, input: GcmInput, plaintext: Buffer): Promise<Buffer> {
  const { module, session, key } = at;
  module.C_EncryptInit(session, gcm(at, input), key);
  return module.C_EncryptAsync(session, plaintext, Buffer.alloc(plaintext.length + TAG_BYTES + SPARE_BYTES));
}

/** The plaintext in a buffer of its own, the caller's to wipe. */
export async function gcmDecrypt(at: At, input: GcmInput, sealed: Buffer): Promise<Buffer> {
  at.module.C_DecryptInit(at.session, gcm(at, input), at.key);
  return decrypt(at, sealed);
}

/** Before the tag is checked some tokens write what they decrypted: nobody gets to see that. */
async function decrypt({ module, session, tampered }: At, sealed: Buffer): Promise<Buffer> {
  const room = Buffer.alloc(sealed.length + SPARE_BYTES);
  try {
    return await module.C_DecryptAsync(session, sealed, room);
  } catch (error) {
    room.fill(0);
    throw damaged(error, tampered);
  }
}

/** SoftHSM and others say "general error" of a wrong tag; the pool of sessions asks whether the token still answers. */
function damaged(error: unknown, tampered: ReadonlySet<number>): TokenFault {
  const fault = faultOf(error);
  if (fault.code === undefined || !tampered.has(fault.code)) return fault;
  return new TokenFault('integrity', 'stored bytes do not open', { code: fault.code });
}

async function sealCbc(at: At, plaintext: Buffer, aadOf: AadOf): Promise<Parts> {
  const iv = randomFillSync(Buffer.alloc(BLOCK_BYTES));
  const ciphertext = await cbcEncrypt(at, iv, plaintext);
  const signed = Buffer.concat([aadOf(ciphertext.length), iv, ciphertext]);
  at.module.C_SignInit(at.session, { mechanism: at.mechanisms.mac }, firstMac(at));
  const tag = await at.module.C_SignAsync(at.session, signed, Buffer.alloc(MAC_BYTES + SPARE_BYTES));
  return { iv, ciphertext, tag };
}

function firstMac({ macs: [first] }: At): Handle {
  if (first === undefined) throw new TokenFault('internal', 'a store without master keys');
  return first();
}

/** The MAC first: what it does not answer for is never decrypted, so that padding tells nobody anything. */
async function openCbc(at: At, aad: Buffer, { iv, ciphertext, tag }: Parts): Promise<Buffer> {
  await verifyByAny(at, Buffer.concat([aad, iv, ciphertext]), tag);
  at.module.C_DecryptInit(at.session, cbc(at, iv), at.key);
  const padded = await decrypt(at, ciphertext);
  return at.mechanisms.padding === 'token' ? padded : unpadded(padded);
}

/** The layout has no room for the name of the MAC key: one that is no longer the first is found by trying. */
async function verifyByAny(at: At, signed: Buffer, tag: Buffer): Promise<number> {
  let refused: unknown;
  for (const [index, mac] of at.macs.entries()) {
    try {
      at.module.C_VerifyInit(at.session, { mechanism: at.mechanisms.mac }, mac());
      await at.module.C_VerifyAsync(at.session, signed, tag);
      return index;
    } catch (error) {
      refused = error;
      if (faultOf(error).kind !== 'integrity') break;
    }
  }
  throw refused;
}

const cbc = ({ mechanisms }: At, iv: Buffer) => ({
  mechanism: mechanisms.padding === 'token' ? CKM.CKM_AES_CBC_PAD : CKM.CKM_AES_CBC,
  parameter: iv,
});

async function cbcEncrypt(at: At, iv: Buffer, plaintext: Buffer): Promise<Buffer> {
  const { module, session, key, mechanisms } = at;
  const input = mechanisms.padding === 'token' ? plaintext : padded(plaintext);
  try {
    module.C_EncryptInit(session, cbc(at, iv), key);
    return await module.C_EncryptAsync(
      session,
      input,
      Buffer.alloc(input.length + BLOCK_BYTES + SPARE_BYTES),
    );
  } finally {
    if (input !== plaintext) input.fill(0);
  }
}

/** RFC 5652 section 6.3: always, so that the end of a payload is never mistaken for padding. */
function padded(plaintext: Buffer): Buffer {
  const count = BLOCK_BYTES - (plaintext.length % BLOCK_BYTES);
  const bytes = Buffer.allocUnsafeSlow(plaintext.length + count).fill(count);
  bytes.set(plaintext);
  return bytes;
}

function unpadded(bytes: Buffer): Buffer {
  const count = bytes.at(-1) ?? 0;
  const isPadding =
    count > 0 && count <= BLOCK_BYTES && bytes.subarray(-count).every((byte) => byte === count);
  if (!isPadding) throw new TokenFault('integrity', 'stored bytes are not padded as they should be');
  return bytes.subarray(0, -count);
}
