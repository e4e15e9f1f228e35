import { byAge, recordIn, recordsIn, type KeyId, type KeyRecord } from './key-record.ts';
import { archive, generate, type GenerationRequest } from './new-key.ts';
import { refusal, saysAbsent } from './refusal.ts';
import type { Rest, RestAnswer } from './rest.ts';
import { retrieve, type RecoveredKey } from './retrieve.ts';
import type { Session } from './session.ts';
import type { Transport } from './transport.ts';

/** What a KRA does (dogtag-pki, `base/kra/.../rest`), one request each. */
export interface Kra {
  /** The new key's id; undefined: refused, as an active key has this client key id or the request is at fault. */
  archive(clientKeyId: string, bytes: Buffer): Promise<KeyId | undefined>;
  /** As `archive`. */
  generate(clientKeyId: string, request: GenerationRequest): Promise<KeyId | undefined>;
  /** Undefined: the KRA said that there is none. Active or not. */
  find(id: KeyId): Promise<KeyRecord | undefined>;
  /** With exactly this client key id, the oldest first: two archivals at once can both succeed. */
  listActive(clientKeyId: string): Promise<readonly KeyRecord[]>;
  /** Of whatever client key id, in the directory's order: where one becomes inactive, the rest moves up. */
  pageOfActive(start: number, size: number): Promise<readonly KeyRecord[]>;
  /** Undefined: the KRA said that there is none. Gives inactive keys, too. */
  retrieve(id: KeyId): Promise<RecoveredKey | undefined>;
  /** Of a key that is not there, too. */
  deactivate(id: KeyId): Promise<void>;
}

export interface KraDeps {
  readonly rest: Rest;
  readonly session: Session;
  readonly transport: Transport;
  /** Such as `/kra/rest`. */
  readonly subsystem: string;
  /** Seconds that generating a key may take. */
  readonly generateWithin: number;
}

export function createKra(deps: KraDeps): Kra {
  const { session, subsystem } = deps;
  const { place } = deps.rest;
  const keys = `${subsystem}/agent/keys`;
  return {
    archive: (clientKeyId, bytes) => archive(deps, clientKeyId, bytes),
    generate: (clientKeyId, request) => generate(deps, clientKeyId, request),
    find: async (id) => {
      const answer = await session.call({ method: 'GET', path: `${keys}/${id}` });
      return saysAbsent(answer)
        ? undefined
        : recordIn(place, expectOk(place, 'the question for a key', answer));
    },
    listActive: async (clientKeyId) => {
      const query = new URLSearchParams({
        clientKeyID: clientKeyId,
        status: 'active',
        size: String(MOST_TWINS),
      });
      const answer = await session.call({ method: 'GET', path: `${keys}?${query.toString()}` });
      // The directory behind the KRA compares without case and spaces: what is only alike is left out.
      return recordsIn(place, expectOk(place, 'the question for active keys', answer))
        .filter((key) => key.isActive && key.clientKeyId === clientKeyId)
        .sort(byAge);
    },
    pageOfActive: async (start, size) => {
      const query = new URLSearchParams({
        status: 'active',
        start: String(start),
        size: String(size),
        maxResults: String(MOST_RESULTS),
        maxTime: String(SEARCH_SECONDS),
      });
      const path = `${keys}?${query.toString()}`;
      const answer = await session.call({ method: 'GET', path, within: SEARCH_SECONDS });
      return recordsIn(place, expectOk(place, 'the question for all active keys', answer));
    },
    retrieve: (id) => retrieve(deps, id),
    deactivate: async (id) => {
      const answer = await session.call({ method: 'POST', path: `${keys}/${id}?status=inactive` });
      if (!saysAbsent(answer)) expectOk(place, 'the order to deactivate a key', answer);
    },
  };
}

/** Far more keys with one client key id than could be archived at once. */
const MOST_TWINS = 100;

/** Without it a KRA searches no further than the first 100 keys, whatever page is asked for. */
const MOST_RESULTS = 2_147_483_647;
/** Of the directory's search; the KRA's own default is 10. */
const SEARCH_SECONDS = 30;

function expectOk(place: string, what: string, answer: RestAnswer): RestAnswer {
  if (answer.status < 200 || answer.status > 299) throw refusal(place, what, answer);
  return answer;
}
