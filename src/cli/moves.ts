import { ConfigurationError } from '../errors.ts';
import type { MoveSpec, Receipt, ReceiptState } from '../model/move.ts';
import { runId, type Run, type RunId } from '../model/run.ts';
import { now } from '../model/timestamp.ts';
import { isHeld } from '../operations/runs/hold-run.ts';
import type { Database } from '../repositories/database.ts';
import { createMoveReceiptRepository } from '../repositories/move-receipts.ts';
import { createRunRepository } from '../repositories/runs.ts';
import type { Invocation } from './commands.ts';
import { withDatabase } from './database.ts';
import { textOption } from './options.ts';

/** A move as an operator sees it. */
export interface ShownMove {
  readonly id: string;
  /** `running` and `interrupted` tell the two kinds of an open one apart. */
  readonly state: string;
  readonly project: string;
  readonly from: string;
  readonly to: string;
  /** Secrets that there were to move when it began. */
  readonly total: number;
  /** Secrets that are at the target because of it. */
  readonly moved: number;
  /** Of those, how many have lost their old copy. */
  readonly destroyed: number;
  readonly returned: number;
  readonly failed: number;
  readonly since: string;
  /** Who began it. */
  readonly by: string;
}

/** `postern move list`: every move, the newest first. */
export function runMoveList({ config }: Invocation): Promise<unknown> {
  return withDatabase(config, async (database) => {
    const shown: ShownMove[] = [];
    for (const run of await createRunRepository(database).list('move')) shown.push(await show(database, run));
    return shown;
  });
}

const RECEIPT_STATES: readonly ReceiptState[] = [
  'copying',
  'moved',
  'destroying',
  'returned',
  'abandoning',
  'done',
  'undone',
  'abandoned',
  'failed',
];
const PAGE = 1_000;

/** `postern move receipts ID`: what became of each secret. */
export function runMoveReceipts({ config, words: [id], options }: Invocation): Promise<unknown> {
  if (id === undefined) throw new ConfigurationError('which move? "postern move list" shows them');
  const state = textOption(options, 'state');
  const states = RECEIPT_STATES.filter((one) => state === undefined || one === state);
  if (states.length === 0) throw new ConfigurationError(`--state is one of ${RECEIPT_STATES.join(', ')}`);
  return withDatabase(config, async (database) => {
    const receipts = createMoveReceiptRepository(database);
    const shown: object[] = [];
    let page: readonly Receipt[] = [];
    do {
      page = await receipts.listOfRun(runId(id), states, page.at(-1)?.secret.id, PAGE);
      shown.push(...page.map(showReceipt));
    } while (page.length > 0);
    return shown;
  });
}

const showReceipt = ({ secret, fromStore, toStore, state, movedAt, endedAt, error }: Receipt): object => ({
  secret: secret.id,
  project: secret.projectId,
  from: fromStore,
  to: toStore,
  state,
  moved: movedAt ?? '',
  ended: endedAt ?? '',
  error: error ?? '',
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export async function showMove(database: Database, id: RunId): Promise<ShownMove> {
  const run = await createRunRepository(database).find(id);
  if (run === undefined) throw new ConfigurationError(`there is no move "${id}"`);
  return show(database, run);
}

async function show(database: Database, run: Run): Promise<ShownMove> {
  const states = await createMoveReceiptRepository(database).countByState(run.id);
  const count = (...names: readonly ReceiptState[]): number =>
    names.reduce((sum, name) => sum + (states[name] ?? 0), 0);
  const { project = '', from = '', to } = run.spec as unknown as MoveSpec;
  return {
    id: run.id,
    state: run.state === 'open' ? (isHeld(run, now) ? 'running' : 'interrupted') : run.state,
    project,
    from,
    to,
    total: Number(run.report?.['total'] ?? 0),
    moved: count('moved', 'destroying', 'done'),
    destroyed: count('done'),
    returned: count('returned', 'undone'),
    failed: count('failed'),
    since: run.createdAt,
    by: textOf(run.report?.['by']),
  };
}
