import { z } from 'zod';
import {
  StoreMisconfigured,
  StoreOverloaded,
  StoreRejected,
  StoreUnavailable,
  type BrokerError,
} from '../../src/errors.ts';
import type { Answer } from './transport.ts';

/** Every failure of the API has it; a 404 for what is not there has it empty. */
const failure = z.object({ errors: z.array(z.unknown()) });

/** The body as JSON, undefined when it is none or empty. Wipes it. */
export function parsed({ body }: Answer): unknown {
  try {
    return body.length === 0 ? undefined : (JSON.parse(body.toString('utf8')) as unknown);
  } catch {
    return undefined;
  } finally {
    body.fill(0);
  }
}

/** What the answer must hold, or `StoreRejected`; `what` says in an operator's words what was asked. */
export function expected<T>(schema: z.ZodType<T>, answer: Answer, store: string, what: string): T {
  const { success, data } = schema.safeParse(parsed(answer));
  if (success) return data;
  throw new StoreRejected(
    `store "${store}": the answer to ${what} (${answer.status}) is none that Vault gives`,
  );
}

/**
 * A path that the server knows and finds nothing at: 404 with an empty list of errors. A 404 with words in the list is
 * about the mount or the namespace, and says nothing of any entry.
 */
export function saysNothingThere({ status }: Answer, body: unknown): boolean {
  if (status !== 404) return false;
  const { success, data } = failure.safeParse(body);
  return success && data.errors.length === 0;
}

const listing = z.object({ data: z.object({ keys: z.array(z.string()) }) });

/** What a folder holds, from the answer to a list of it. Policies that are older than this question do not grant it. */
export function namesIn(store: string, path: string, answer: Answer): readonly string[] {
  if (answer.status === 200) return expected(listing, answer, store, `a list of ${path}`).data.keys;
  if (isRefusal(answer)) {
    throw new StoreMisconfigured(
      `store "${store}": the policy of our token lacks list on "${path}*", or the server refuses the token`,
    );
  }
  if (saysNothingThere(answer, parsed(answer))) return [];
  throw statusFailure(store, `a list of ${path}`, answer);
}

/** 401 is not Vault's, but that of proxies which check tokens in front of it. */
export const isRefusal = ({ status }: Answer): boolean => status === 403 || status === 401;

const LONGEST_PAUSE_SECONDS = 3_600;

/** What a status stands for that the caller has no better reading of; `what` says what was asked. */
export function statusFailure(store: string, what: string, { status, headers }: Answer): BrokerError {
  const said = `store "${store}": ${what} was answered with ${status}`;
  if (status === 429)
    return new StoreOverloaded(`${said}: a quota of the server is used up`, { headers: retryAfter(headers) });
  if (isRefusal({ status } as Answer)) return new StoreMisconfigured(`${said}: permission denied`);
  if (status === 404) return new StoreMisconfigured(`${said}: no such mount or namespace`);
  const known = MEANINGS[status];
  if (known !== undefined || status >= 500)
    return new StoreUnavailable(`${said}: ${known ?? 'the server failed'}`);
  return new StoreRejected(`${said}, which is no answer to that`);
}

/** RFC 9110 section 10.2.3: seconds or a date. Vault sends it only where its quotas are set to. */
function retryAfter({ 'retry-after': value = '' }: Answer['headers']): Readonly<Record<string, string>> {
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1_000);
  if (!Number.isFinite(seconds)) return {};
  return { 'Retry-After': String(Math.min(LONGEST_PAUSE_SECONDS, Math.max(1, seconds))) };
}

const MEANINGS: Readonly<Record<number, string>> = {
  412: 'the node has not caught up with the cluster yet',
  472: 'a disaster-recovery secondary, which serves nobody until it is promoted',
  473: 'a performance standby that passes nothing on',
  500: 'the server failed; its log says why',
  501: 'the server is not initialised: run "vault operator init"',
  502: 'a server behind the server failed',
  503: 'sealed, or down for maintenance: see "vault status"',
};
