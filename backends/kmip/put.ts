import { timingSafeEqual } from 'node:crypto';
import { Conflict, StoreRejected, StoreUnavailable } from '../../src/errors.ts';
import type { Payload } from '../../src/model/payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { StoreRef } from '../../src/stores/secret-store.ts';
import { readIdentifier } from '../../src/ttlv/answers.ts';
import { applicationData, objectName, usageMask, type Attribute } from '../../src/ttlv/attributes.ts';
import { registerRequest } from '../../src/ttlv/requests.ts';
import { destroyObject } from './destroy.ts';
import { fetchPayload, locateAll, remember } from './find.ts';
import { formsOf, type Form } from './forms.ts';
import type { Link } from './links.ts';
import { objectNameOf, refOf, type Naming, type Place } from './names.ts';
import type { KmipOptions } from './options.ts';
import { isAboutRequest, isRefusal, refusedFor } from './refusal.ts';
import { activateObject } from './state.ts';

export interface Putting extends Pick<KmipOptions, 'store' | 'usage' | 'activate'> {
  readonly naming: Naming;
  readonly secret: SecretHeader;
  readonly payload: Payload;
}

/**
 * Looks before it writes, and again after it: names are unique by the standard but not on every server, and an attempt whose
 * answer was lost may have left an object, or leave one yet. The oldest counts; of ours that is not it nothing stays.
 */
export async function putPayload(link: Link, putting: Putting): Promise<StoreRef> {
  const { naming, secret } = putting;
  const [found] = await locateAll(link, naming, secret);
  if (found !== undefined) return adopt(link, putting, found);
  const mine = await register(link, putting).catch((error: unknown) => lost(error));
  const [oldest] = await locateAll(link, naming, secret);
  if (mine instanceof Error) {
    if (oldest === undefined) throw mine;
    return adopt(link, putting, oldest);
  }
  if (oldest !== undefined && oldest.uid !== mine.uid) {
    await destroyObject(link, mine.uid);
    return adopt(link, putting, oldest);
  }
  if (putting.activate) await activateObject(link, mine.uid);
  return refOf(secret, mine);
}

/** A server that keeps names unique refuses the second of two, in words of its own: whether that was it, a look tells. */
function lost(error: unknown): Error {
  if (isRefusal(error)) return error;
  throw error;
}

/** An object that an earlier attempt or somebody else left: the payload, or a Conflict. */
async function adopt(link: Link, { secret, payload, activate }: Putting, place: Place): Promise<StoreRef> {
  const stored = await fetchPayload(link, secret, place);
  if (stored === undefined)
    throw new StoreUnavailable(`${link.place}: an object of secret ${secret.id} went while we looked at it`);
  if (!isSame(stored, payload)) throw new Conflict('Secret already has data, cannot modify it.');
  if (activate) await activateObject(link, place.uid);
  return refOf(secret, place);
}

function isSame(stored: Payload, payload: Payload): boolean {
  const same = stored.size === payload.size && timingSafeEqual(stored.bytes(), payload.bytes());
  stored.wipe();
  return same;
}

/** In the best form that the server takes and gives back unchanged. */
async function register(link: Link, putting: Putting): Promise<Place> {
  const { version, objectTypes } = link.profile;
  const forms = formsOf(putting.secret, putting.payload.bytes(), { ...putting, version, objectTypes });
  let refusal: unknown = new StoreRejected(`${link.place} stores no objects that can hold a payload`);
  for (const form of forms) {
    try {
      const place: Place = { uid: await registerAs(link, putting, form), origin: 'put' };
      if (await comesBack(link, putting, place, form)) return place;
      await destroyObject(link, place.uid);
      refusal = new StoreRejected(`${link.place} changes the bytes of a ${form.object.type}`);
    } catch (error) {
      if (!isAboutRequest(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

async function registerAs(link: Link, putting: Putting, { object, usage }: Form): Promise<string> {
  const { naming, secret } = putting;
  const attributes: Attribute[] = [objectName(objectNameOf(naming, secret, 'put'))];
  if (usage !== undefined) attributes.push(usageMask(usage));
  const project = projectAttribute(link, putting);
  const send = async (more: readonly Attribute[]): Promise<string> => {
    const registration = { object, attributes: [...attributes, ...more] };
    const uid = await link.ask(registerRequest(link.profile.version, registration), readIdentifier);
    remember(link, secret, uid);
    return uid;
  };
  try {
    return await send(project);
  } catch (error) {
    if (project.length === 0 || refusedFor(error) !== 'Application Namespace Not Supported') throw error;
    return send([]);
  }
}

/** Whose it is, for those who look at the server: only where the server has our namespace. */
function projectAttribute({ profile }: Link, { naming, secret }: Putting): readonly Attribute[] {
  if (!profile.namespaces.includes(naming.namespace)) return [];
  return [applicationData(naming.namespace, secret.projectId)];
}

/** Opaque bytes do. Of what has structure one is read again: each, where the server may look into it. */
async function comesBack(
  link: Link,
  { secret, payload }: Putting,
  place: Place,
  form: Form,
): Promise<boolean> {
  const sort = provenAs(form);
  if (form.object.type === 'Opaque Object' || (sort !== undefined && link.proven.has(sort))) return true;
  const stored = await fetchPayload(link, secret, place);
  const isEqual = stored !== undefined && isSame(stored, payload);
  if (isEqual && sort !== undefined) link.proven.add(sort);
  return isEqual;
}

/** Servers may set the parity of DES keys, and write DER anew. Of bytes without structure one tells for all. */
function provenAs({ object }: Form): string | undefined {
  if (object.type === 'Secret Data') return object.dataType;
  if (object.type !== 'Symmetric Key') return undefined;
  const { algorithm } = object.block;
  return algorithm === 'DES' || algorithm === '3DES' ? undefined : algorithm;
}
