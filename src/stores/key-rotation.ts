import type { ProjectId } from '../model/ids.ts';
import type { KekRecord, NewKek, WrappedByRoot } from '../model/kek.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { SecretHeader } from '../model/secret.ts';

/** A process may seal with a KEK this long after another one retired it: it has the KEK at hand and does not ask. */
export const KEK_CACHE_MS = 60_000;
/**
 * Nobody seals with a KEK that was retired longer ago than this: what the cache allows, and half a minute for whoever took
 * the KEK at the last moment to write what it sealed (the store's deadline and the database's, one after the other). A key
 * pair that a device takes longer for may come later still: the next rotation finds it, and until then its KEK stays.
 */
export const KEK_SETTLED_MS = KEK_CACHE_MS + 30_000;

/** NIST SP 800-38D section 8.3: as many uses one key may have with random IVs of 96 bits. */
export const MAX_KEK_USES = 2 ** 32;
/** When to begin with its successor, so that the last use is never reached. */
export const KEK_DUE_AT_USES = 2 ** 30;

/**
 * How a payload gets under another KEK. `rewrap`: in the cheapest way; where it has a data key of its own, that is wrapped
 * by the KEK and the payload is not touched. `reseal`: with a new data key, or a new IV, whatever it had.
 */
export type Resealing = 'rewrap' | 'reseal';

/**
 * For stores that seal under keys of their own. Nothing is written here: what comes back was opened once more, compared
 * with what went in, and is the caller's to write where nothing has changed meanwhile. All of it may be repeated.
 *
 * Errors: those of `SecretStore`; `KeyDestroyed` for a KEK that was.
 */
export interface KeyRotation {
  /** Ids of the configured master keys; the first is the one that wraps. */
  readonly masterKeys: readonly [string, ...string[]];
  /** The same KEK under the first master key. `undefined`: it is there already. */
  rewrap(kek: KekRecord): Promise<WrappedByRoot | undefined>;
  /** A KEK that nobody knows yet, under the first master key. */
  newKek(project: ProjectId, version: number): Promise<NewKek>;
  /** The payload under that KEK, of the secret's project. `undefined`: there is nothing to do. */
  reseal(
    secret: SecretHeader,
    sealed: SealedPayload,
    kek: KekRecord,
    how: Resealing,
  ): Promise<SealedPayload | undefined>;
  /**
   * Present where payloads themselves may need a master key, besides the KEKs: the id of that which this one needs;
   * undefined for one that needs none.
   */
  readonly masterKeyOf?: (secret: SecretHeader, sealed: SealedPayload) => Promise<string | undefined>;
}
