import { z } from 'zod';
import { StoreRejected, type BrokerError } from '../../src/errors.ts';
import { createTurns } from '../../src/stores/turns.ts';
import { expected, isRefusal, namesIn, parsed, saysNothingThere, statusFailure } from './answers.ts';
import type { Found, Kv } from './kv.ts';
import { tooLarge } from './kv2.ts';
import type { Authorised } from './requests.ts';
import type { Answer } from './transport.ts';

const entry = z.object({ data: z.unknown() });

/**
 * Version 1 knows no check-and-set: a write looks first, and writes to one place take turns. Two processes that write one
 * secret at the same moment are kept apart only where the policy lets us create but not update.
 */
export function createKv1(store: string, mount: string, send: Authorised): Kv {
  const failed = (what: string, answer: Answer): BrokerError => statusFailure(store, what, answer);
  const turns = createTurns();
  const read = async (place: string): Promise<Found> => {
    const answer = await send({ method: 'GET', path: `${mount}/${place}` });
    if (answer.status === 200) return { is: 'entry', fields: expected(entry, answer, store, 'a read').data };
    if (saysNothingThere(answer, parsed(answer))) return { is: 'nothing' };
    throw failed(`a read in ${mount}`, answer);
  };
  const write = async (place: string, body: Buffer): Promise<BrokerError | undefined> => {
    if ((await read(place)).is !== 'nothing') return taken(store);
    const answer = await send({ method: 'POST', path: `${mount}/${place}`, body });
    if (answer.status === 204 || answer.status === 200) return undefined;
    if (isRefusal(answer)) return failed(`a write in ${mount}`, answer);
    throw tooLarge(store, answer) ?? failed(`a write in ${mount}`, answer);
  };
  return {
    read,
    write: (place, body) => turns(place, () => write(place, body)),
    list: async (folder) => {
      const path = `${mount}/${folder}/`;
      return namesIn(store, path, await send({ method: 'GET', path: `${path}?list=true` }));
    },
    has: async (place) => (await read(place)).is !== 'nothing',
    destroy: async (place) => {
      const answer = await send({ method: 'DELETE', path: `${mount}/${place}` });
      if (answer.status !== 204 && answer.status !== 200) throw failed(`a delete in ${mount}`, answer);
    },
  };
}

const taken = (store: string): StoreRejected =>
  new StoreRejected(`store "${store}": an entry was there before the write, and was gone after it`);
