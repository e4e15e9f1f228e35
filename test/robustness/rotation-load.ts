import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathOf, send } from './client.ts';

/** Clients of one store that go on whatever is done to its keys. A status that is not the usual one is kept. */
export interface RotationLoad {
  readonly projects: readonly string[];
  readonly tally: RotationTally;
  /** Reads every payload once; the paths of those that are not as they were. */
  readAll(url?: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface RotationTally {
  reads: number;
  creates: number;
  deletes: number;
  slowestMs: number;
  /** What a client would call a failure, in words. */
  readonly failures: string[];
}

interface State {
  readonly url: string;
  readonly projects: readonly string[];
  /** Never deleted. */
  readonly kept: Map<string, Kept>;
  readonly tally: RotationTally;
  isStopped: boolean;
}

interface Kept {
  readonly project: string;
  readonly payload: Buffer;
}

const READERS = 4;
const WRITERS = 2;
/** Between two requests of one client: rotation is to have some of the two processors. */
const PAUSE_MS = 5;
const WRITE_PAUSE_MS = 40;

export interface LoadOptions {
  readonly projects: number;
  readonly secrets: number;
}

export async function startRotationLoad(url: string, options: LoadOptions): Promise<RotationLoad> {
  const projects = Array.from({ length: options.projects }, (_, n) => `p-${n}`);
  const tally: RotationTally = { reads: 0, creates: 0, deletes: 0, slowestMs: 0, failures: [] };
  const state: State = { url, projects, kept: new Map(), tally, isStopped: false };
  for (let n = 0; n < options.secrets; n += 1) await create(state, projects[n % projects.length]!);
  const running = [
    ...Array.from({ length: READERS }, () => loop(state, PAUSE_MS, () => readOne(state))),
    ...Array.from({ length: WRITERS }, () => loop(state, WRITE_PAUSE_MS, () => writeOne(state))),
  ];
  return {
    projects,
    tally,
    readAll: async (from = url) => {
      const wrong: string[] = [];
      for (const [path, kept] of state.kept)
        if (!(await isAsKept({ ...state, url: from }, path, kept))) wrong.push(path);
      return wrong;
    },
    stop: async () => {
      state.isStopped = true;
      await Promise.all(running);
    },
  };
}

async function loop(state: State, pauseMs: number, work: () => Promise<unknown>): Promise<void> {
  while (!state.isStopped) {
    await work().catch((error: unknown) => state.tally.failures.push(String(error)));
    await sleep(pauseMs);
  }
}

async function readOne(state: State): Promise<void> {
  const paths = [...state.kept.keys()];
  const path = paths[randomInt(paths.length)]!;
  await isAsKept(state, path, state.kept.get(path)!);
}

async function isAsKept({ url, tally }: State, path: string, { project, payload }: Kept): Promise<boolean> {
  const began = performance.now();
  const answer = await send(url, 'GET', `${path}/payload`, { project });
  tally.slowestMs = Math.max(tally.slowestMs, Math.round(performance.now() - began));
  tally.reads += 1;
  const isSame = answer.status === 200 && answer.bytes.equals(payload);
  if (!isSame) tally.failures.push(`GET ${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
  return isSame;
}

/** Some stay, some go again at once. */
async function writeOne(state: State): Promise<void> {
  const { url, projects, kept, tally } = state;
  const project = projects[randomInt(projects.length)]!;
  const path = await create(state, project);
  if (randomInt(2) === 0) return;
  kept.delete(path);
  const { status, text } = await send(url, 'DELETE', path, { project });
  if (status === 204) tally.deletes += 1;
  else tally.failures.push(`DELETE ${path}: ${status} ${text.slice(0, 200)}`);
}

async function create({ url, kept, tally }: State, project: string): Promise<string> {
  const payload = randomBytes(randomInt(1, 4_000));
  const body = {
    payload: payload.toString('base64'),
    payload_content_type: 'application/octet-stream',
    payload_content_encoding: 'base64',
  };
  const path = pathOf(await send(url, 'POST', '/v1/secrets', { project, body }));
  tally.creates += 1;
  kept.set(path, { project, payload });
  return path;
}
