import { randomUUID } from 'node:crypto';
import { BrokerError, ConfigurationError } from '../errors.ts';
import { projectId } from '../model/ids.ts';
import type { MoveSpec } from '../model/move.ts';
import { runId, type Run } from '../model/run.ts';
import { SECRET_TYPES, type SecretType } from '../model/secret.ts';
import { now } from '../model/timestamp.ts';
import { planMove, type MovePlan } from '../operations/moves/plan-move.ts';
import { runMove } from '../operations/moves/run-move.ts';
import { undoMove } from '../operations/moves/undo-move.ts';
import { createMovableSecretRepository } from '../repositories/movable-secrets.ts';
import { createProjectStoreRepository } from '../repositories/project-stores.ts';
import { createRunRepository } from '../repositories/runs.ts';
import type { Database } from '../repositories/database.ts';
import type { Invocation } from './commands.ts';
import { withDatabase } from './database.ts';
import { showMove, type ShownMove } from './moves.ts';
import { atRun, openOf, type Pacing } from './moving.ts';
import { countOption, flagOption, numberOption, textOption, type OptionValues } from './options.ts';
import { requireStore } from './require-store.ts';

/** `postern move --to S`: copies, verifies and flips each secret that the options name, then destroys the old copies. */
export function runMoveCommand(invocation: Invocation): Promise<unknown> {
  const { config, options } = invocation;
  const [spec, pacing] = [specOf(options), pacingOf(options)];
  requireStore(config, spec.to);
  return withDatabase(config, async (database) => {
    const plan = await planOf(invocation, database, spec);
    if (flagOption(options, 'dry-run')) return showPlan(plan, spec);
    if (plan.secrets === 0) {
      process.stderr.write('there is nothing to move\n');
      return { moved: 0 };
    }
    const id = runId(`mov-${randomUUID()}`);
    const runs = createRunRepository(database);
    const run = await runs.insert({ id, kind: 'move', spec: { ...spec, ...pacing } }, now());
    await runs.tell(id, { report: { total: plan.secrets, by: invocation.operator } }, now());
    process.stderr.write(`${id}\n`);
    await sayWhereNewOnesGo(database, config, spec);
    return workAt(invocation, database, run);
  });
}

/** `postern move resume ID`: goes on with what was killed, stopped or paused. */
export function runMoveResume(invocation: Invocation): Promise<unknown> {
  return withDatabase(invocation.config, async (database) => {
    const run = await findMove(database, invocation.words);
    if (run.state === 'kept')
      throw new ConfigurationError(`everything is moved: "postern move finish ${run.id}", or undo`);
    if (run.state === 'paused') await createRunRepository(database).change(run.id, ['paused'], 'open', now());
    return workAt(invocation, database, run);
  });
}

/** `postern move finish ID`: what is moved stays moved, and the old copies are destroyed. */
export function runMoveFinish(invocation: Invocation): Promise<unknown> {
  return withDatabase(invocation.config, async (database) => {
    const run = await findMove(database, invocation.words);
    if (run.state === 'undoing' || run.state === 'undone')
      throw new ConfigurationError(`${run.id} is ${run.state}: there is nothing to finish`);
    const runs = createRunRepository(database);
    const finishing: Run = { ...run, spec: { ...run.spec, keep: false, finishing: true }, state: 'open' };
    await runs.tell(run.id, { spec: finishing.spec }, now());
    await runs.change(run.id, ['kept', 'paused', 'open'], 'open', now());
    return workAt(invocation, database, finishing);
  });
}

/** `postern move undo ID`: each secret whose old copy is still there goes back to it. */
export function runMoveUndo(invocation: Invocation): Promise<unknown> {
  return withDatabase(invocation.config, async (database) => {
    const run = await findMove(database, invocation.words);
    if (run.state === 'done')
      throw new ConfigurationError(
        `the old copies of ${run.id} are destroyed: move the secrets back with a new move`,
      );
    return workAt(invocation, database, { ...run, state: 'undoing' });
  });
}

/** `postern move pause ID`: whoever is at it ends what is under way, within a second. */
export function runMovePause({ config, words }: Invocation): Promise<unknown> {
  return withDatabase(config, async (database) => {
    const run = await findMove(database, words);
    const paused = await createRunRepository(database).change(run.id, ['open'], 'paused', now());
    if (!paused) throw new ConfigurationError(`${run.id} is ${run.state}: there is nothing to pause`);
    return showMove(database, run.id);
  });
}

/** Moving away what is there does not change where new secrets go. */
async function sayWhereNewOnesGo(
  database: Database,
  { stores }: Invocation['config'],
  { project, to }: MoveSpec,
): Promise<void> {
  if (project === undefined) return;
  const store = (await createProjectStoreRepository(database).findNow(project)) ?? stores.default;
  if (store === to) return;
  process.stderr.write(
    `new secrets of ${project} go to "${store}": "postern stores assign --project ${project} --store ${to}" changes that\n`,
  );
}

async function workAt(invocation: Invocation, database: Database, run: Run): Promise<ShownMove> {
  const { config, log, options, trail } = invocation;
  const pacing = { ...(run.spec as Partial<Pacing>), ...given(pacingOf(options)) };
  try {
    const outcome = await atRun(
      { config, database, log, trail, pacing: pacing as Pacing },
      run,
      async (deps) => {
        if (run.state !== 'undoing') return runMove(deps, run);
        await deps.runs.change(run.id, ['open', 'paused', 'kept'], 'undoing', now());
        return undoMove(deps, run);
      },
    );
    if (!['done', 'kept', 'undone'].includes(outcome)) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    process.stderr.write(`${run.id} stopped: ${error.detail ?? error.message}\n`);
    process.exitCode = 1;
  }
  const shown = await showMove(database, run.id);
  if (process.exitCode === 1) process.stderr.write(`"postern move resume ${run.id}" goes on\n`);
  return shown;
}

const given = (pacing: Pacing): Partial<Pacing> =>
  Object.fromEntries(Object.entries(pacing).filter(([, value]) => value !== undefined));

const pacingOf = (options: OptionValues): Pacing => ({
  rate: numberOption(options, 'rate'),
  concurrency: countOption(options, 'concurrency'),
});

function specOf(options: OptionValues): MoveSpec {
  const [to, from] = [textOption(options, 'to'), textOption(options, 'from')];
  const [project, type] = [textOption(options, 'project'), textOption(options, 'type')];
  if (to === undefined) throw new ConfigurationError('where to? --to STORE');
  if (project === undefined && from === undefined)
    throw new ConfigurationError('which secrets? --project PROJECT, --from STORE, or both');
  if (to === from) throw new ConfigurationError(`the secrets of "${to}" are there already`);
  if (type !== undefined && !(SECRET_TYPES as readonly string[]).includes(type))
    throw new ConfigurationError(`--type is one of ${SECRET_TYPES.join(', ')}`);
  return {
    to,
    ...(from === undefined ? {} : { from }),
    ...(project === undefined ? {} : { project: projectId(project) }),
    ...(type === undefined ? {} : { type: type as SecretType }),
    algorithm: textOption(options, 'algorithm'),
    keep: flagOption(options, 'keep'),
  };
}

async function planOf({ config, log }: Invocation, database: Database, spec: MoveSpec): Promise<MovePlan> {
  const stores = await openOf(config, new Set([spec.to]), { database, log });
  try {
    return await planMove(createMovableSecretRepository(database), spec, stores.named(spec.to), now());
  } finally {
    for (const store of stores.all) await store.close();
  }
}

function showPlan({ rows, unfit, secrets }: MovePlan, { to }: MoveSpec): unknown {
  if (unfit > 0) {
    process.stderr.write(`${unfit} of ${secrets} secrets have a type or a size that "${to}" cannot hold\n`);
    process.exitCode = 1;
  }
  return rows.map(({ projectId: project, store, secrets: count, bytes }) => ({
    project,
    from: store,
    to,
    secrets: count,
    bytes,
  }));
}

async function findMove(database: Database, [id]: readonly string[]): Promise<Run> {
  if (id === undefined) throw new ConfigurationError('which move? "postern move list" shows them');
  const run = await createRunRepository(database).find(runId(id));
  if (run?.kind !== 'move') throw new ConfigurationError(`there is no move "${id}"`);
  return run;
}
