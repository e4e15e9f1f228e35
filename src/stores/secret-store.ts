import type { Payload } from '../model/payload.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { SecretHeader, SecretType } from '../model/secret.ts';

export type StoreKind = 'memory' | 'simple_crypto' | 'pkcs11' | 'kmip' | 'vault' | 'dogtag';

/** A store's own reference to a payload; opaque outside the store. At most 255 characters. */
export type StoreRef = string & { readonly brand: 'StoreRef' };
export const storeRef = (text: string): StoreRef => text as StoreRef;

/** Declared, never found out by trial: a refusal can name the constraint before anything is written. */
export interface StoreCapabilities {
  /** In bytes. */
  readonly maxPayloadBytes: number;
  readonly secretTypes: readonly SecretType[];
}

/**
 * Where payload bytes live. One configured instance with a name of its own; every backend passes the suite in
 * `test/conformance/secret-store.ts`.
 *
 * Errors: `StoreUnavailable` when no answer came (the effect of a write is then unknown), `StoreRejected` when the
 * answer makes no sense, `IntegrityError` when stored bytes do not open, `Conflict` as `put` says.
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
  health(): Promise<void>;
  /** Twice is fine. */
  close(): Promise<void>;
  /** Present only where payloads live sealed in our own database. */
  readonly sealer?: Sealer;
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
