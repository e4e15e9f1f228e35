import type { BrokerError } from '../../src/errors.ts';

/** What a place in the KV engine holds. `removed`: there was something, and somebody else took it away. */
export type Found =
  | { readonly is: 'nothing' }
  | { readonly is: 'removed' }
  | { readonly is: 'entry'; readonly fields: unknown };

/** One version of the KV engine at one mount. Places are paths below it. Errors as the seam has them. */
export interface Kv {
  /**
   * Writes where nothing is. Undefined: written. Else the place may be taken: the caller looks, and throws what this
   * gave if it is not. `fields` is a JSON object.
   */
  write(place: string, fields: Buffer): Promise<BrokerError | undefined>;
  /** An absence may yet be that of the engine: the caller asks the mount. */
  read(place: string): Promise<Found>;
  /** Whether there is anything to destroy, readable or not. */
  has(place: string): Promise<boolean>;
  /** Names directly below a place, folders with a slash at their end. None where nothing is. */
  list(folder: string): Promise<readonly string[]>;
  /** All of it: every version and what is known of them. */
  destroy(place: string): Promise<void>;
}
