import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { send, type Answer, type Sent } from './client.ts';
import { createKnownSecret, type KnownSecret } from './moves-secrets.ts';

/** What clients did since the last look. */
export interface Figures {
  readonly reads: number;
  readonly slowestReadMs: number;
  /** Secrets of their own that clients created, described, read twice and deleted. */
  readonly lives: number;
}

/** Who uses the secrets while they move. */
export interface Clients {
  /** Resolves when no client has a secret of its own. Readers go on. */
  rest(): Promise<void>;
  goOn(): void;
  figures(): Figures;
  /** In words, whatever was answered in any way but the right one. */
  failures(): readonly string[];
  stop(): Promise<void>;
}

export interface Playground {
  /** Of one broker or more: each request goes to another. */
  readonly urls: readonly string[];
  readonly known: readonly KnownSecret[];
  readonly readers: number;
  readonly writers: number;
}

/** Between two requests of one reader: there are two cores for everybody. */
const PAUSE_MS = 10;
/** How long a client keeps a secret of its own at most: long enough to be moved, or to be deleted on the way. */
const KEPT_MS = 2_500;

interface State {
  isStopped: boolean;
  isResting: boolean;
  reads: number;
  slowestReadMs: number;
  lives: number;
  readonly failed: string[];
}

export function startClients(playground: Playground): Clients {
  const { readers, writers } = playground;
  const state: State = {
    isStopped: false,
    isResting: false,
    reads: 0,
    slowestReadMs: 0,
    lives: 0,
    failed: [],
  };
  const reading = Array.from({ length: readers }, () => readOn(playground, state));
  const begin = (): readonly Promise<void>[] =>
    Array.from({ length: writers }, () => liveOn(playground, state));
  let living = begin();
  const rest = async (): Promise<void> => {
    state.isResting = true;
    await Promise.all(living);
  };
  return {
    rest,
    goOn: () => {
      state.isResting = false;
      living = begin();
    },
    figures: () => {
      const { reads, slowestReadMs, lives } = state;
      Object.assign(state, { reads: 0, slowestReadMs: 0, lives: 0 });
      return { reads, slowestReadMs, lives };
    },
    failures: () => [...state.failed],
    stop: async () => {
      state.isStopped = true;
      await Promise.all([rest(), ...reading]);
    },
  };
}

const anyOf = <T>(all: readonly T[]): T => all[randomInt(all.length)]!;

/** All of them, again and again, each reader in an order of its own. */
async function readOn(playground: Playground, state: State): Promise<void> {
  let left: KnownSecret[] = [];
  while (!state.isStopped) {
    if (left.length === 0) left = [...playground.known];
    if (left.length === 0) return;
    const [secret] = left.splice(randomInt(left.length), 1) as [KnownSecret];
    const began = performance.now();
    await expectPayload(anyOf(playground.urls), secret, state);
    state.reads += 1;
    state.slowestReadMs = Math.max(state.slowestReadMs, Math.round(performance.now() - began));
    await sleep(PAUSE_MS);
  }
}

/** The life of a secret, and the next. */
async function liveOn({ urls, known }: Playground, state: State): Promise<void> {
  const projects = [...new Set(known.map(({ project }) => project))];
  for (let index = randomInt(100); !state.isResting; index += 1) {
    const secret = await created(anyOf(urls), anyOf(projects), index, state);
    if (secret === undefined) continue;
    const { path, project } = secret;
    const body = { metadata: { turn: String(index) } };
    await expectStatus(urls, 'PUT', `${path}/metadata`, 201, { project, body }, state);
    await expectPayload(anyOf(urls), secret, state);
    await sleep(randomInt(KEPT_MS));
    await expectPayload(anyOf(urls), secret, state);
    const described = await expectStatus(urls, 'GET', `${path}/metadata`, 200, { project }, state);
    if (described !== JSON.stringify(body)) state.failed.push(`metadata of ${path}: ${described}`);
    await expectStatus(urls, 'DELETE', path, 204, { project }, state);
    await expectStatus(urls, 'GET', `${path}/payload`, 404, { project }, state);
    state.lives += 1;
  }
}

async function created(
  url: string,
  project: string,
  index: number,
  state: State,
): Promise<KnownSecret | undefined> {
  try {
    return await createKnownSecret(url, project, index);
  } catch (error) {
    state.failed.push(String(error));
    await sleep(PAUSE_MS);
    return undefined;
  }
}

/** Whatever comes back is looked at, a broken connection as well: no client forgives it. */
async function expectPayload(url: string, secret: KnownSecret, state: State): Promise<void> {
  const answer = await asked(url, 'GET', `${secret.path}/payload`, {
    project: secret.project,
    headers: { Accept: secret.contentType },
  });
  if (answer.status !== 200) state.failed.push(`GET ${secret.path}: ${answer.status} ${answer.text}`);
  else if (!answer.bytes.equals(secret.bytes))
    state.failed.push(`GET ${secret.path}: ${differing(secret, answer.bytes)}`);
}

const differing = ({ bytes, contentType }: KnownSecret, got: Buffer): string =>
  `${got.length} bytes instead of ${bytes.length} of ${contentType}`;

async function expectStatus(
  urls: readonly string[],
  method: string,
  path: string,
  status: number,
  sent: Sent,
  state: State,
): Promise<string> {
  const answer = await asked(anyOf(urls), method, path, sent);
  if (answer.status !== status) state.failed.push(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.text;
}

type Told = Pick<Answer, 'status' | 'text' | 'bytes'>;

const asked = (url: string, method: string, path: string, sent: Sent): Promise<Told> =>
  send(url, method, path, sent).catch((error: unknown) => ({
    status: 0,
    text: String(error),
    bytes: Buffer.alloc(0),
  }));
