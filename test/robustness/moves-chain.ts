import { expect } from 'chai';
import { startClients, type Clients, type Figures } from './moves-clients.ts';
import { listMoves, moveKilled, type KilledMove, type Killing } from './moves-mover.ts';
import type { MovePlace } from './moves-place.ts';
import { createKnownSecret, type KnownSecret } from './moves-secrets.ts';
import { send } from './client.ts';
import { IS_THOROUGH } from './rounds.ts';

/** How many secrets go round; by hand up to ten thousand. */
export const SECRETS = Number(process.env['MOVES_SECRETS'] ?? 40);
/** A small number is moved slowly enough for a kill to find it on the way; a large one as fast as it goes. */
const FEW = 400;
const RATE = Math.ceil(SECRETS / 5);
/** With fewer than these a fast store would be through before the first kill. */
const MANY = 2_000;
/** Of a few secrets: what else could be found is found by many. */
const KILLS = IS_THOROUGH ? 4 : 2;
const KILLING: Killing = {
  afterMs: SECRETS < MANY ? [200, 4_000] : [2_000, 5_000],
  ...(SECRETS < FEW ? { atMost: KILLS } : {}),
};
const PACE: readonly string[] = SECRETS < FEW ? ['--rate', String(RATE)] : [];
/** Of the slowest server there is, for one secret and hop, with everything that goes on beside it. */
const SLOWEST_MS = 2_500;
const HOP_MS = 120_000;
/** What one hop may take. */
export const HOP_WITHIN_MS = HOP_MS + SECRETS * SLOWEST_MS;

const PROJECTS = Array.from({ length: 10 }, (_, n) => `p-${n}`);
const CREATORS = 8;

export interface Hop extends KilledMove, Figures {
  readonly from: string;
  readonly to: string;
}

/** As many secrets of these projects, of every type and size, in the stores of their projects. */
export async function createKnownSecrets(
  { urls }: MovePlace,
  projects: readonly string[],
  count: number,
): Promise<readonly KnownSecret[]> {
  const known: KnownSecret[] = [];
  let next = 0;
  const creator = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++)
      known.push(
        await createKnownSecret(
          urls[index % urls.length]!,
          projects[index % projects.length]!,
          Math.floor(index / 3),
        ),
      );
  };
  await Promise.all(Array.from({ length: CREATORS }, creator));
  return known;
}

/**
 * Moves every secret from the first store to the second, from there to the third and so on, while clients use them and
 * the mover is killed again and again. After each hop everything is held to what it ought to be.
 */
export async function playChain(
  place: MovePlace,
  route: readonly string[],
  onHop: (hop: Hop) => void,
): Promise<void> {
  await assignBetween(place, route[0]!, route[0]!);
  const known = await createKnownSecrets(place, PROJECTS, SECRETS);
  const clients = startClients({ urls: place.urls, known, readers: 4, writers: 3 });
  try {
    for (const [index, to] of route.slice(1).entries()) onHop(await hop(place, clients, route[index]!, to));
    expect(await misread(place, known), 'not what was stored').to.deep.equal([]);
  } finally {
    await clients.stop();
    await deleteAll(place, known);
  }
  expectUnnoticed(clients);
}

/** As a message: a list is cut short in a report. */
export function expectUnnoticed(clients: Clients): void {
  const failures = clients.failures();
  expect(failures.length, failures.slice(0, 10).join('\n')).to.equal(0);
}

/** Half of the projects already send new secrets to where the old ones go; those of the other half may have to follow. */
const assignBetween = (place: MovePlace, from: string, to: string): Promise<void> =>
  place.assign(new Map(PROJECTS.map((project, n) => [project, n % 2 === 0 ? from : to])));

async function hop(place: MovePlace, clients: Clients, from: string, to: string): Promise<Hop> {
  await assignBetween(place, from, to);
  clients.figures();
  const moved = await moveKilled(place, ['--from', from, '--to', to, ...PACE], KILLING);
  const figures = clients.figures();
  await clients.rest();
  await expectMoved(place, moved, to);
  expectUnnoticed(clients);
  expect(figures.reads, 'reads meanwhile').to.be.above(0);
  clients.goOn();
  return { ...moved, ...figures, from, to };
}

async function expectMoved(place: MovePlace, { id }: KilledMove, to: string): Promise<void> {
  const stores = await place.storesOfSecrets();
  expect(stores.size, 'secrets').to.equal(SECRETS);
  expect([...new Set(stores.values())], 'their stores').to.deep.equal([to]);
  await place.expectNothingSpare();
  const listed = (await listMoves(place)).find((move) => move.id === id);
  expect(listed).to.include({ state: 'done', failed: 0 });
  expect(listed?.moved).to.be.within(SECRETS, listed?.total ?? 0);
  expect(listed?.destroyed).to.equal(listed?.moved);
}

/** Paths of secrets that do not read as they were written. */
export async function misread(
  { urls }: MovePlace,
  known: readonly KnownSecret[],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { path, project, bytes, contentType } of known) {
    const answer = await send(urls[0]!, 'GET', `${path}/payload`, {
      project,
      headers: { Accept: contentType },
    });
    if (answer.status !== 200 || !answer.bytes.equals(bytes)) wrong.push(`${path}: ${answer.status}`);
  }
  return wrong;
}

/** So that a run leaves nothing at servers that others use. */
export async function deleteAll({ urls }: MovePlace, known: readonly KnownSecret[]): Promise<void> {
  for (const { path, project } of known) await send(urls[0]!, 'DELETE', path, { project });
}

/** A line of docs/reliability.md. */
export function described({ from, to, kills, seconds, reads, slowestReadMs, lives }: Hop): string {
  const perSecond = (SECRETS / seconds).toFixed(1);
  return (
    `${from} to ${to}: ${SECRETS} secrets in ${seconds.toFixed(1)} s (${perSecond}/s), the mover killed ${kills} times; ` +
    `${reads} reads and none failed, the slowest took ${slowestReadMs} ms; ${lives} secrets lived meanwhile`
  );
}
