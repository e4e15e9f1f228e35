import { kekAad } from '../../src/crypto/aad.ts';
import { decodeWrappedKek, encodeKekId } from '../../src/crypto/envelope.ts';
import { KeyDestroyed } from '../../src/crypto/key-destroyed.ts';
import { IntegrityError, StoreRejected } from '../../src/errors.ts';
import type { PairKind } from '../../src/model/key-kind.ts';
import type { KekRecord } from '../../src/repositories/keks.ts';
import type { StoreFacts } from '../../src/stores/secret-store.ts';
import type { TokenHost } from './host.ts';
import type { Ask, Reply } from './link.ts';
import type { Operation, Probed } from './requests.ts';

export interface MadeBlob {
  readonly blob: Buffer;
  /** Of what was sealed, in bytes. */
  readonly size: number;
}

/** The token, asked from another process. Every call may throw what `SecretStore` says. */
export interface TokenClient {
  probe(): Promise<Probed>;
  health(): Promise<StoreFacts>;
  /** A new project key: KBK1, wrapped by the master key of that name. */
  newKek(rootKey: string, aad: Buffer): Promise<Buffer>;
  /** The same key, wrapped by the master key of that name: KBK1. */
  rewrapKek(kek: KekRecord, rootKey: string, aad: Buffer): Promise<Buffer>;
  /** Unwraps it in the token. */
  checkKek(kek: KekRecord): Promise<void>;
  /** The key itself, the caller's to wipe: mode K. */
  revealKek(kek: KekRecord): Promise<Buffer>;
  /** KBP1, profile D. */
  seal(kek: KekRecord, scope: Buffer, payload: Buffer): Promise<Buffer>;
  /** The caller's to wipe. */
  open(kek: KekRecord, scope: Buffer, blob: Buffer): Promise<Buffer>;
  /** Which master key signed a payload of `cbc-mac`, by its place in the configuration. */
  signer(kek: KekRecord, scope: Buffer, blob: Buffer): Promise<number>;
  wrapDek(kek: KekRecord, input: DekInput): Promise<Buffer>;
  /** The caller's to wipe. */
  unwrapDek(kek: KekRecord, input: DekInput): Promise<Buffer>;
  makeKey(kek: KekRecord, scope: Buffer, bits: number): Promise<MadeBlob>;
  makePair(halves: PairHalves, kind: PairKind, bits: number): Promise<MadeBlobPair>;
}

/** Each half is sealed by the key of the project it belongs to. */
export interface PairHalves {
  readonly privateKey: PairHalf;
  readonly publicKey: PairHalf;
}

interface PairHalf {
  readonly kek: KekRecord;
  readonly scope: Buffer;
}

export interface MadeBlobPair {
  readonly privateKey: MadeBlob;
  readonly publicKey: MadeBlob;
}

export interface DekInput {
  readonly aad: Buffer;
  readonly iv: Buffer;
  /** The key, or with its tag what became of it. */
  readonly bytes: Buffer;
}

export interface TokenClientOptions {
  readonly attemptMs: number;
  readonly generationMs: number;
}

export function createTokenClient(
  host: TokenHost,
  { attemptMs, generationMs }: TokenClientOptions,
): TokenClient {
  const ask = (
    op: Operation,
    more: Partial<Ask>,
    parts: readonly Buffer[],
    limitMs = attemptMs,
  ): Promise<Reply> => host.ask({ op, ...more }, limitMs, parts);
  const withKek = (
    op: Operation,
    kek: KekRecord,
    parts: readonly Buffer[],
    more: Partial<Ask> = {},
    limitMs = attemptMs,
  ): Promise<Reply> => {
    const { name, aad, wrapped } = wrappedIn(kek);
    return ask(op, { ...more, kek: name }, [aad, wrapped, ...parts], limitMs);
  };
  return {
    probe: async () => (await ask('probe', {}, [], PROBE_LIMIT * generationMs)).head as unknown as Probed,
    health: async () => (await ask('health', {}, [])).head['facts'] as StoreFacts,
    newKek: async (rootKey, aad) => only(await ask('new_kek', { rootKey }, [aad])),
    rewrapKek: async (kek, rootKey, aad) => only(await withKek('rewrap_kek', kek, [aad], { rootKey })),
    checkKek: async (kek) => {
      await withKek('check_kek', kek, []);
    },
    revealKek: async (kek) => only(await withKek('reveal_kek', kek, [])),
    seal: async (kek, scope, payload) => only(await withKek('seal', kek, [scope, payload])),
    open: async (kek, scope, blob) => only(await withKek('open', kek, [scope, blob])),
    signer: async (kek, scope, blob) =>
      (await withKek('signer', kek, [scope, blob])).head['signer'] as number,
    wrapDek: async (kek, { aad, iv, bytes }) => only(await withKek('wrap_dek', kek, [aad, iv, bytes])),
    unwrapDek: async (kek, { aad, iv, bytes }) => only(await withKek('unwrap_dek', kek, [aad, iv, bytes])),
    makeKey: async (kek, scope, bits) => {
      const [made] = madeBlobs(await withKek('make_key', kek, [scope], { bits }));
      return made ?? refuse();
    },
    makePair: async ({ privateKey, publicKey }, kind, bits) => {
      const { name, aad, wrapped } = wrappedIn(publicKey.kek);
      const parts = [privateKey.scope, aad, wrapped, publicKey.scope];
      const more = { kind, bits, publicKek: name };
      const reply = await withKek('make_pair', privateKey.kek, parts, more, generationMs);
      const [first, second] = madeBlobs(reply);
      return { privateKey: first ?? refuse(), publicKey: second ?? refuse() };
    },
  };
}

/** A pair of each kind, and payloads of several sizes. */
const PROBE_LIMIT = 3;

interface Wrapped {
  readonly name: { readonly id: string; readonly version: number };
  readonly aad: Buffer;
  readonly wrapped: Buffer;
}

function wrappedIn(record: KekRecord): Wrapped {
  if (record.wrapped === null) throw new KeyDestroyed('', { detail: `KEK ${record.id} was destroyed` });
  const { rootKey } = decodeWrappedKek(record.wrapped);
  if (rootKey !== record.rootKey)
    throw new IntegrityError('', { detail: `KEK ${record.id} names two master keys` });
  const id = encodeKekId(record.id);
  return {
    name: { id: id.toString('hex'), version: record.version },
    aad: kekAad({ ...record, id }, rootKey),
    wrapped: record.wrapped,
  };
}

function only({ parts: [bytes] }: Reply): Buffer {
  return bytes ?? refuse();
}

function madeBlobs({ head, parts }: Reply): readonly MadeBlob[] {
  const sizes = head['sizes'] as readonly number[];
  return parts.map((blob, at) => ({ blob, size: sizes[at] ?? 0 }));
}

function refuse(): never {
  throw new StoreRejected('the process of the HSM module gave an answer that lacks its bytes');
}
