import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { IntegrityError } from '../../src/errors.ts';
import { Payload } from '../../src/model/payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';

/** Of the layout below. Another number is another layout, which a later broker may have written. */
const FORMAT = 1;

const layout = z.object({ f: z.literal(FORMAT), v: z.string(), s: z.string() });

/** Of the entry as JSON: 700 KiB in base64 and what is around them stay below 1 MiB, where Vault's raft storage ends. */
export const MAX_PAYLOAD_BYTES = 700 * 1024;

/** The fields of a secret's entry as JSON: the payload in base64, a digest and the format. The caller wipes it. */
export function encodeEntry(secret: SecretHeader, payload: Payload): Buffer {
  const fields = { f: FORMAT, s: digestOf(secret, payload.bytes()).toString('base64') };
  const head = JSON.stringify(fields).slice(0, -1);
  return Buffer.from(`${head},"v":"${payload.bytes().toString('base64')}"}`, 'latin1');
}

/** The payload that `encodeEntry` put there, or `IntegrityError`: edited, or copied from another secret. */
export function decodeEntry(store: string, secret: SecretHeader, fields: unknown): Payload {
  const { success, data } = layout.safeParse(fields);
  if (!success) throw damaged(store, secret, `has not the fields of format ${FORMAT}`);
  const payload = Payload.own(Buffer.from(data.v, 'base64'));
  const [found, expected] = [Buffer.from(data.s, 'base64'), digestOf(secret, payload.bytes())];
  if (found.length === expected.length && timingSafeEqual(found, expected)) return payload;
  payload.wipe();
  throw damaged(store, secret, 'is not what was written for this secret');
}

/** Bound to the secret: an entry copied over another does not pass. */
function digestOf({ projectId, id }: SecretHeader, bytes: Buffer): Buffer {
  const of = JSON.stringify([projectId, id]);
  return createHash('sha256').update(of).update('\0').update(bytes).digest();
}

const damaged = (store: string, { id }: SecretHeader, what: string): IntegrityError =>
  new IntegrityError('', { detail: `the entry of secret ${id} in store "${store}" ${what}` });
