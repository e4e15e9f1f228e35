import type { PairKind } from '../model/key-kind.ts';
import type { Payload } from '../model/payload.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { SecretHeader, SecretType } from '../model/secret.ts';
import type { Inventory } from './inventory.ts';
import type { KeyRotation } from './key-rotation.ts';
import type { StoreStatus } from './store-status.ts';

export type StoreKind = 'memory' | 'simple_crypto' | 'pkcs11' | 'kmip' | 'vault' | 'dogtag';

/** A store's own reference to a payload; opaque outside the store. At most 255 characters. */
export type StoreRef = string & { readonly brand: 'StoreRef' };
export const storeRef = (text: string): StoreRef => text as StoreRef;

/** Declared, never found out by trial: a refusal can name the constraint before anything is written. */
export interface StoreCapabilities {
  /** In bytes. 1 where a device does not seal nothing; the API never asks for it. */
  readonly minPayloadBytes: 0 | 1;
  /** In bytes. */
  readonly maxPayloadBytes: number;
  readonly secretTypes: readonly SecretType[];
  /** `deactivate`: what was destroyed is out of the broker's reach, and its bytes persist in the store. */
  readonly destroys: 'erase' | 'deactivate';
}

/** What an operator may want to know of a healthy store: versions, expiry dates, counts. Never a secret. */
export type StoreFacts = Readonly<Record<string, string | number | boolean>>;

/**
 * Where payload bytes live. One configured instance with a name of its own; every backend passes the suite in
 * `test/conformance/secret-store.ts`.
 *
 * Errors: `StoreUnavailable` when no answer came (the effect of a write is then unknown), `StoreMisconfigured` when the
 * store refuses us, `StoreOverloaded` when it takes no more, `StoreRejected` when the answer makes no sense,
 * `IntegrityError` when stored bytes do not open, `NotSupported` for what it cannot hold, `Conflict` as `put` says.
 * A `detail` says in an operator's words what is wrong, and what to do.
 */
export interface SecretStore {
  /** From the configuration, saved with every secret: a renamed class or folder strands nothing. */
  readonly name: string;
  readonly kind: StoreKind;
  readonly capabilities: StoreCapabilities;
  /** Writes once per secret: the same bytes again give the first ref back, other bytes are `Conflict`. */
  put(secret: SecretHeader, payload: Payload): Promise<StoreRef>;
  /** The ref an earlier `put` gave this secret, so that a retry and the sweep find what a crash left. */
  locate(secret: SecretHeader): Promise<StoreRef | undefined>;
  /** `undefined`: the store answered and has nothing. No answer: `StoreUnavailable`. */
  get(secret: SecretHeader, ref: StoreRef): Promise<Payload | undefined>;
  /** Destroying what is gone succeeds. */
  destroy(secret: SecretHeader, ref: StoreRef): Promise<void>;
  /** Resolves when the store can serve; else throws what a caller would get. */
  health(): Promise<StoreFacts>;
  /** Of a guarded store: nobody waits longer than this for any of its operations, and none goes on for twice as long. */
  readonly longestMs?: number;
  /** Of a guarded store: what is known without asking it. */
  status?(): StoreStatus;
  /** Twice is fine. */
  close(): Promise<void>;
  /** Present only where payloads live sealed in our own database. */
  readonly sealer?: Sealer;
  /** Present only where payloads are sealed under keys that can be replaced. */
  readonly rotation?: KeyRotation;
  /** Present only if the store makes keys itself. */
  readonly generator?: KeyGenerator;
  /** Present only if the store can say what it holds. */
  readonly inventory?: Inventory;
}

/** A key that a store made. Its bytes are what `get` gives: raw for symmetric keys, PEM (PKCS#8, SPKI) for pairs. */
export interface MadeKey {
  readonly ref: StoreRef;
  /** From a store that seals: the broker writes it in the transaction that writes the secret. */
  readonly sealed?: SealedPayload;
  /** Of the payload, in bytes. */
  readonly size: number;
}

export interface KeyPairHeaders {
  readonly privateKey: SecretHeader;
  readonly publicKey: SecretHeader;
}

export interface MadePair {
  readonly privateKey: MadeKey;
  readonly publicKey: MadeKey;
}

/**
 * Keys born in the store. What it does not make itself (`makesKey`, `makesPair`) the broker makes, and puts. An attempt that
 * failed half way may have left objects that `locate` finds by the secrets' ids: `destroy` clears them before the next.
 */
export interface KeyGenerator {
  /** By algorithm and length; asked before anything is written. */
  makesKey(secret: SecretHeader, bits: number): boolean;
  makeKey(secret: SecretHeader, bits: number): Promise<MadeKey>;
  /** Without passphrase: a private key that is to be encrypted is made by the broker. */
  makesPair(kind: PairKind, bits: number): boolean;
  makePair(pair: KeyPairHeaders, kind: PairKind, bits: number): Promise<MadePair>;
}

/**
 * For stores whose payloads are rows of ours: the broker writes the sealed payload in the same transaction as the secret
 * (no `pending` row is needed), and reads both in one query. Sealing binds secret, project and store; `open` of a row
 * that belongs elsewhere is `IntegrityError`.
 */
export interface Sealer {
  seal(secret: SecretHeader, payload: Payload): Promise<SealedPayload>;
  open(secret: SecretHeader, sealed: SealedPayload): Promise<Payload>;
}
