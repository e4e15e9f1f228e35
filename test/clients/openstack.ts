import { clientEnvironment, logIn, readSeed } from './keystone.ts';
import { asJson, jsonOf, send } from './request.ts';
import { run, runOk, type Outcome } from './run.ts';
import type { ClientSet } from './suites.ts';

/** A row as `-f json` prints it. */
export type Row = Readonly<Record<string, unknown>>;

/** The command line client, logged in as somebody: a process for every call, as it is used. */
export interface OpenStack {
  /** All it prints. */
  text(...words: readonly string[]): Promise<string>;
  /** The one object that is shown. */
  row(...words: readonly string[]): Promise<Row>;
  rows(...words: readonly string[]): Promise<readonly Row[]>;
  /** How a call ended that is to fail. */
  failing(...words: readonly string[]): Promise<Outcome>;
}

export function openstackAs(clients: ClientSet, user = 'creator-a'): OpenStack {
  const call = (words: readonly string[]): [string, readonly string[], Readonly<Record<string, string>>] => [
    clients.program('openstack'),
    words,
    clientEnvironment(readSeed(), user),
  ];
  const json = async (words: readonly string[]): Promise<unknown> =>
    JSON.parse(await runOk(...call([...words, '-f', 'json'])));
  return {
    text: (...words) => runOk(...call(words)),
    row: async (...words) => (await json(words)) as Row,
    rows: async (...words) => (await json(words)) as readonly Row[],
    failing: (...words) => run(...call(words)),
  };
}

/** What a test needs but is not about, made without the seconds that a command takes. Gives the reference. */
export async function made(
  collection: 'secrets' | 'containers',
  fields: object,
  user = 'creator-a',
): Promise<string> {
  const url = `${readSeed().key_manager_url}/v1/${collection}`;
  const answer = await send(url, asJson(await logIn(readSeed(), user), 'POST', fields));
  const ref = jsonOf(answer)[collection === 'secrets' ? 'secret_ref' : 'container_ref'];
  if (typeof ref !== 'string') throw new Error(`${answer.status}: ${answer.text}`);
  return ref;
}

export const secretWith = (payload: string): Promise<string> =>
  made('secrets', { name: 'member', payload, payload_content_type: 'text/plain' });
