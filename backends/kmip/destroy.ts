import type { SecretHeader } from '../../src/model/secret.ts';
import { readIdentifier } from '../../src/ttlv/answers.ts';
import type { ResultReason } from '../../src/ttlv/enums.ts';
import { destroyRequest, revokeRequest } from '../../src/ttlv/requests.ts';
import { locateOrigin, whose } from './find.ts';
import type { Link } from './links.ts';
import { originsOf, type Naming, type Place } from './names.ts';
import { isGone, refusedFor } from './refusal.ts';
import { stateOf } from './state.ts';

/** The object at a place if it is the secret's, and whatever else bears its name: copies that lost answers left behind. */
export async function destroyAll(
  link: Link,
  naming: Naming,
  secret: SecretHeader,
  place: Place,
): Promise<void> {
  if ((await whose(link, secret, place)) === 'ours') await destroyObject(link, place.uid);
  for (const origin of originsOf(secret)) {
    for (const uid of await locateOrigin(link, naming, secret, origin)) await destroyObject(link, uid);
  }
}

/** What servers say of an object that must not be destroyed in the state it is in. */
const STATE_REASONS: readonly (ResultReason | undefined)[] = [
  'Permission Denied',
  'Wrong Key Lifecycle State',
  'Illegal Operation',
];

/** Destroying what is gone succeeds. What is active is deactivated first (KMIP 1.4 section 4.21). */
export async function destroyObject(link: Link, uid: string): Promise<void> {
  try {
    await destroyOnce(link, uid);
  } catch (error) {
    if (!STATE_REASONS.includes(refusedFor(error))) throw error;
    await destroyByState(link, uid, error);
  } finally {
    link.known.delete(uid);
  }
}

async function destroyByState(link: Link, uid: string, refusal: unknown): Promise<void> {
  switch (await stateOf(link, uid)) {
    case 'gone':
    case 'Destroyed':
    case 'Destroyed Compromised':
      return;
    case 'Active':
      await link.ask(revokeRequest(uid, 'Cessation of Operation'), readIdentifier);
      return destroyOnce(link, uid);
    default:
      throw refusal;
  }
}

async function destroyOnce(link: Link, uid: string): Promise<void> {
  try {
    await link.ask(destroyRequest(uid), readIdentifier);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
