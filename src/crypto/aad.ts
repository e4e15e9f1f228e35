import { InternalError } from '../errors.ts';
import type { ProjectId, SecretId } from '../model/ids.ts';

/** Whose payload it is and where it lives. Ids in the exact text in which they are stored. */
export interface PayloadContext {
  readonly store: string;
  readonly projectId: ProjectId;
  readonly secretId: SecretId;
}

/** What names a KEK. `id` in its 16 octets. */
export interface KekContext {
  readonly store: string;
  readonly projectId: ProjectId;
  readonly id: Buffer;
  readonly version: number;
}

const MAX_TEXT_BYTES = 0xffff;
const KEK_ID_BYTES = 16;
const VERSION_BYTES = 4;
const LENGTH_BYTES = 8;

// A label per purpose: bytes sealed for one can never be opened as another.
const KEK_LABEL = Buffer.from('kb/kek/1\0', 'latin1');
const DEK_LABEL = Buffer.from('kb/dek/1\0', 'latin1');
const PAYLOAD_LABEL = Buffer.from('kb/payload/1\0', 'latin1');
const DIRECT_LABEL = Buffer.from('kb/direct/1\0', 'latin1');

export function kekAad(kek: KekContext, rootKey: string): Buffer {
  const root = lengthPrefixed([rootKey]);
  const aad = start(
    KEK_LABEL,
    lengthPrefixed([kek.store, kek.projectId]),
    KEK_ID_BYTES + VERSION_BYTES + root.length,
  );
  const at = writeKek(aad, aad.length - root.length - KEK_ID_BYTES - VERSION_BYTES, kek);
  root.copy(aad, at);
  return aad;
}

/** The text that both associated data of a profile E payload begin with: worked out once for the two. */
export function payloadScope({ store, projectId, secretId }: PayloadContext): Buffer {
  return lengthPrefixed([store, projectId, secretId]);
}

export function dekAad(scope: Buffer, kekId: Buffer, wrapSuite: number): Buffer {
  const aad = start(DEK_LABEL, scope, KEK_ID_BYTES + 1);
  kekId.copy(aad, aad.length - KEK_ID_BYTES - 1);
  aad[aad.length - 1] = wrapSuite;
  return aad;
}

/** Profile E. No KEK and no wrap suite in it, so that rotating a KEK never touches payload bytes. */
export function payloadAad(scope: Buffer, contentSuite: number, payloadLength: number): Buffer {
  const aad = start(PAYLOAD_LABEL, scope, 1 + LENGTH_BYTES);
  writeContent(aad, contentSuite, payloadLength);
  return aad;
}

/** Profile D: the KEK itself seals, so it is named here. */
export function directAad(
  scope: Buffer,
  kek: Pick<KekContext, 'id' | 'version'>,
  contentSuite: number,
  payloadLength: number,
): Buffer {
  const aad = start(DIRECT_LABEL, scope, KEK_ID_BYTES + VERSION_BYTES + 1 + LENGTH_BYTES);
  writeKek(aad, DIRECT_LABEL.length + scope.length, kek);
  writeContent(aad, contentSuite, payloadLength);
  return aad;
}

function start(label: Buffer, scope: Buffer, rest: number): Buffer {
  const aad = Buffer.allocUnsafe(label.length + scope.length + rest);
  label.copy(aad);
  scope.copy(aad, label.length);
  return aad;
}

function writeKek(aad: Buffer, at: number, kek: Pick<KekContext, 'id' | 'version'>): number {
  kek.id.copy(aad, at);
  return aad.writeUInt32BE(kek.version, at + KEK_ID_BYTES);
}

function writeContent(aad: Buffer, contentSuite: number, payloadLength: number): void {
  const at = aad.length - 1 - LENGTH_BYTES;
  aad[at] = contentSuite;
  // Payloads are far below 4 GiB: the upper half of the 8-byte length is always zero.
  aad.writeUInt32BE(0, at + 1);
  aad.writeUInt32BE(payloadLength, at + 5);
}

/** Each text behind its 2-byte length, so that no two lists of texts give the same bytes. */
function lengthPrefixed(texts: readonly string[]): Buffer {
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + 2 + size, 0));
  let at = 0;
  for (const [index, text] of texts.entries()) {
    const size = sizes[index] as number;
    if (size > MAX_TEXT_BYTES)
      throw new InternalError('', { detail: 'a name is too long to be bound to a payload' });
    bytes.writeUInt16BE(size, at);
    bytes.write(text, at + 2, 'utf8');
    at += 2 + size;
  }
  return bytes;
}
