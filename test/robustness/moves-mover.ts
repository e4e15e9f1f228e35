import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from '../helpers/databases.ts';
import { runPostern, startPostern, type PosternProcess } from './broker-process.ts';

/** How a move came to its end. */
export interface KilledMove {
  readonly id: string;
  readonly kills: number;
  /** How often it ended by itself and was not done: another move had secrets of its own choice. */
  readonly incomplete: number;
  readonly seconds: number;
}

/** Where movers work. */
export interface MoverPlace {
  readonly file: string;
  readonly database: TestDatabase;
}

/** A move that does not get there in so many attempts by itself never will. */
const MOST_INCOMPLETE = 30;
/** One kill in so many comes without waiting until the mover is at work: at its start, in its migrations, its stores. */
const EARLY = 4;
const STARTING_MS = 2_000;
const LOOK_MS = 50;

export interface Killing {
  /** Milliseconds from when a mover has begun to work; more and more of them where that gets it nowhere. */
  readonly afterMs: readonly [number, number];
  /** Processes that resume the move at the same time, each killed at a moment of its own; one, if nothing is said. */
  readonly rivals?: number;
  /** Then the move is left alone; without it, it is killed for as long as it takes. */
  readonly atMost?: number;
}

/**
 * `postern move` with these words, killed with -9 at random moments, and resumed, until it ends with 0. Throws when it
 * ends by itself with anything else over and over.
 */
export async function moveKilled(
  place: MoverPlace,
  words: readonly string[],
  killing: Killing,
): Promise<KilledMove> {
  const began = performance.now();
  const earlier = new Set((await begunMoves(place)).map(({ id }) => id));
  let id: string | undefined;
  let [kills, incomplete, reached, inVain] = [0, 0, 0, 0];
  for (;;) {
    const isSpared = kills >= (killing.atMost ?? Infinity);
    const life = await liveOnce(place, words, id, isSpared ? undefined : stretched(killing, inVain));
    id ??= life.id ?? (await idOf(place, earlier, words));
    kills += life.kills;
    if (life.isDone && id !== undefined)
      return { id, kills, incomplete, seconds: (performance.now() - began) / 1_000 };
    const before = reached;
    ({ reached } = await progressOf(place, id));
    inVain = reached > before ? 0 : inVain + 1;
    if (life.kills === 0 && (incomplete += 1) > MOST_INCOMPLETE) throw new Error(life.said);
  }
}

/** Whoever kills faster than the slowest store takes for one secret gets nobody anywhere. */
const stretched = ({ afterMs: [least, most], ...rest }: Killing, inVain: number): Killing => ({
  ...rest,
  afterMs: [least * (1 + inVain), most * (1 + inVain)],
});

interface Life {
  readonly id: string | undefined;
  readonly kills: number;
  /** A mover ended with 0. */
  readonly isDone: boolean;
  readonly said: string;
}

async function liveOnce(
  place: MoverPlace,
  words: readonly string[],
  id: string | undefined,
  killing: Killing | undefined,
): Promise<Life> {
  const asked = id === undefined ? ['move', ...words] : ['move', 'resume', id];
  const { rivals = 1, afterMs } = killing ?? {};
  const movers = Array.from({ length: id === undefined ? 1 : rivals }, () =>
    startPostern([...asked, '--json', '--config', place.file]),
  );
  if (afterMs !== undefined) await Promise.all(movers.map((mover) => killed(place, mover, id, afterMs)));
  const ends = await Promise.all(movers.map(({ ended }) => ended));
  const said = movers.map((mover) => mover.stderr()).join('\n');
  const kills = ends.filter(({ signal }) => signal === 'SIGKILL').length;
  return { id: idIn(said), kills, isDone: ends.some(({ code }) => code === 0), said };
}

const idIn = (said: string): string | undefined => /^mov-[0-9a-f-]{36}$/m.exec(said)?.[0];

async function killed(
  place: MoverPlace,
  mover: PosternProcess,
  id: string | undefined,
  [least, most]: readonly [number, number],
): Promise<void> {
  const over = mover.ended.then(() => 'over' as const);
  if (randomInt(EARLY) === 0) {
    await Promise.race([over, sleep(randomInt(STARTING_MS))]);
  } else {
    const look = async (): Promise<string> => (await progressOf(place, id ?? idIn(mover.stderr()))).work;
    const before = await look();
    while ((await look()) === before && (await Promise.race([over, sleep(LOOK_MS)])) !== 'over');
    await Promise.race([over, sleep(randomInt(least, most))]);
  }
  mover.kill('SIGKILL');
}

interface Progress {
  /** Grows when a secret is at the target, and when its receipt ends. */
  readonly reached: number;
  /** Differs after everything that a move does. */
  readonly work: string;
}

const PROGRESS = `
  sum(case when ended_at is not null then 2 when state in ('copying', 'abandoning') then 0 else 1 end) as reached,
  count(*) || ' ' || sum(attempt) as work`;

async function progressOf({ database }: MoverPlace, id: string | undefined): Promise<Progress> {
  const [row] = await database
    .knex('move_receipts')
    .where({ run_id: id ?? '' })
    .select<{ reached: number | string | null; work: string | null }[]>(database.knex.raw(PROGRESS));
  return { reached: Number(row?.reached ?? 0), work: row?.work ?? '' };
}

interface Begun {
  readonly id: string;
  readonly spec: string;
}

const begunMoves = ({ database }: MoverPlace): Promise<readonly Begun[]> =>
  database.knex('runs').where({ kind: 'move' }).select<Begun[]>('id', 'spec');

/** Of a mover that was killed after it wrote down its move, and before it said which. */
async function idOf(
  place: MoverPlace,
  earlier: ReadonlySet<string>,
  words: readonly string[],
): Promise<string | undefined> {
  const to = words[words.indexOf('--to') + 1];
  const isOurs = ({ id, spec }: Begun): boolean =>
    !earlier.has(id) && (JSON.parse(spec) as { to: string }).to === to;
  return (await begunMoves(place)).find(isOurs)?.id;
}

/** A line of `postern move list`. */
export interface ListedMove {
  readonly id: string;
  readonly state: string;
  readonly total: number;
  readonly moved: number;
  readonly destroyed: number;
  readonly failed: number;
}

/** As an operator sees them. */
export async function listMoves({ file }: MoverPlace): Promise<readonly ListedMove[]> {
  const { code, stdout, stderr } = await runPostern(['move', 'list', '--json', '--config', file]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as readonly ListedMove[];
}
