import { z } from 'zod';
import { NotSupported, StoreRejected, type BrokerError } from '../../src/errors.ts';
import { expected, isRefusal, namesIn, parsed, saysNothingThere, statusFailure } from './answers.ts';
import type { Found, Kv } from './kv.ts';
import type { Authorised } from './requests.ts';
import type { Answer } from './transport.ts';

const written = z.object({ data: z.object({ version: z.int().min(1) }) });
const entry = z.object({ data: z.object({ data: z.unknown(), metadata: z.object({ version: z.int() }) }) });
/** Of a version that was deleted or destroyed: what is known of it comes without its data, and with 404. */
const removed = z.object({ data: z.object({ data: z.null(), metadata: z.object({ version: z.int() }) }) });
const described = z.object({ data: z.object({ current_version: z.int().min(0) }) });

const HEAD = Buffer.from('{"options":{"cas":0},"data":');
const TAIL = Buffer.from('}');

/** Version 2: writes only where no version is (check-and-set 0), and destroys by metadata, which takes every version. */
export function createKv2(store: string, mount: string, send: Authorised): Kv {
  const failed = (what: string, answer: Answer): BrokerError => statusFailure(store, what, answer);
  return {
    write: async (place, fields) => {
      const body = Buffer.concat([HEAD, fields, TAIL]);
      try {
        const answer = await send({ method: 'POST', path: `${mount}/data/${place}`, body });
        if (answer.status !== 200) return notWritten(store, mount, answer);
        expected(written, answer, store, 'a write');
        return undefined;
      } finally {
        body.fill(0);
      }
    },
    read: async (place): Promise<Found> => {
      const answer = await send({ method: 'GET', path: `${mount}/data/${place}` });
      if (answer.status === 200)
        return { is: 'entry', fields: expected(entry, answer, store, 'a read').data.data };
      const body = parsed(answer);
      if (saysNothingThere(answer, body)) return { is: 'nothing' };
      if (answer.status === 404 && removed.safeParse(body).success) return { is: 'removed' };
      throw failed(`a read in ${mount}/data`, answer);
    },
    has: async (place) => {
      const answer = await send({ method: 'GET', path: `${mount}/metadata/${place}` });
      if (answer.status === 200)
        return expected(described, answer, store, 'a question about an entry').data.current_version > 0;
      if (saysNothingThere(answer, parsed(answer))) return false;
      throw failed(`a read in ${mount}/metadata`, answer);
    },
    list: async (folder) => {
      const path = `${mount}/metadata/${folder}/`;
      return namesIn(store, path, await send({ method: 'GET', path: `${path}?list=true` }));
    },
    destroy: async (place) => {
      const answer = await send({ method: 'DELETE', path: `${mount}/metadata/${place}` });
      if (answer.status !== 204 && answer.status !== 200)
        throw failed(`a delete in ${mount}/metadata`, answer);
    },
  };
}

/**
 * 400 is the check-and-set that does not match, among other things; and where our policy lets us create but not update,
 * a place that is taken is refused with 403. Neither says so by a code of its own.
 */
function notWritten(store: string, mount: string, answer: Answer): BrokerError {
  const what = `a write in ${mount}/data`;
  if (answer.status === 400) return new StoreRejected(`store "${store}": ${what} was refused with 400`);
  if (isRefusal(answer)) return statusFailure(store, what, answer);
  throw tooLarge(store, answer) ?? statusFailure(store, what, answer);
}

/** The storage behind the server may have bounds that the server does not tell of. */
export function tooLarge(store: string, { status }: Answer): NotSupported | undefined {
  if (status !== 413) return undefined;
  return new NotSupported(`the secret store "${store}" cannot hold a payload of that size`, {
    family: 'issue',
  });
}
