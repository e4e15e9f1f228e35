import { timingSafeEqual } from 'node:crypto';
import { Conflict, StoreRejected, StoreUnavailable } from '../../src/errors.ts';
import type { KeyId, KeyRecord } from './key-record.ts';
import type { Kra } from './kra.ts';

type NewKey = () => Promise<KeyId | undefined>;
type IsSame = (other: KeyRecord) => Promise<boolean>;

/**
 * One key to a client key id. The KRA refuses a second active one only if the first was there when it looked: of six
 * archivals at once, all six succeed. So whoever made a key looks for others: the oldest counts, and the others go.
 * The caller sees to it that one process works on a client key id at a time; what is left is two processes within the
 * milliseconds between the KRA's giving out a number and its writing it down.
 */
export async function claimKey(
  kra: Kra,
  clientKeyId: string,
  create: NewKey,
  isSame: IsSame,
): Promise<KeyId> {
  const made = await create();
  const [oldest] = await kra.listActive(clientKeyId);
  if (oldest === undefined) throw made === undefined ? refusedForNothing() : deactivatedAtOnce();
  if (oldest.id === made) return made;
  if (made !== undefined) await kra.deactivate(made);
  if (!(await isSame(oldest))) throw new Conflict('Secret already has data, cannot modify it.');
  return oldest.id;
}

const refusedForNothing = (): StoreRejected =>
  new StoreRejected('the KRA refused to make a key, and none is in its way: see its debug log');
/** By another process, that destroyed the secret, or found an older key and cleared up. */
const deactivatedAtOnce = (): StoreUnavailable =>
  new StoreUnavailable('a new key was deactivated by somebody else before it could be used');

/** Whether a stored key's bytes are these. Wipes what it reads. */
export async function holds(kra: Kra, { id }: KeyRecord, bytes: Buffer): Promise<boolean> {
  const stored = await kra.retrieve(id);
  try {
    return stored?.bytes.length === bytes.length && timingSafeEqual(stored.bytes, bytes);
  } finally {
    stored?.bytes.fill(0);
  }
}
