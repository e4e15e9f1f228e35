import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerError, ConfigurationError } from '../errors.ts';
import { projectId } from '../model/ids.ts';
import { ROTATION_LEVELS, type RotationLevel, type RotationSpec } from '../model/rotation.ts';
import type { Run } from '../model/run.ts';
import { now } from '../model/timestamp.ts';
import type { RotateDeps, RotationPhase } from '../operations/keys/rotate-deps.ts';
import { planRotation, type RotationPlan } from '../operations/keys/rotate-keys.ts';
import { beginRotation, reasonOf, reportOf, runRotation, specOf } from '../operations/keys/run-rotation.ts';
import { holdRun, isHeld } from '../operations/runs/hold-run.ts';
import type { Database } from '../repositories/database.ts';
import { createRunRepository } from '../repositories/runs.ts';
import type { Invocation } from './commands.ts';
import { withDatabase } from './database.ts';
import { interruption } from './interruption.ts';
import { flagOption, textOption } from './options.ts';
import { createPhases } from './progress.ts';
import { paceOf } from './pace.ts';
import { sealingStore, withKeysOf, type KeysOfStore } from './rotating.ts';
import type { Trail } from './trail.ts';

/** A rotation as an operator sees it. */
interface ShownRotation {
  readonly id: string;
  /** `running` and `interrupted` tell the two kinds of one that has not ended apart. */
  readonly state: string;
  readonly store: string;
  readonly level: string;
  readonly project: string;
  /** Master keys, where these are what is replaced. */
  readonly from: readonly string[];
  readonly to: string;
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  readonly since: string;
  readonly ended: string;
}

/** `postern keys rotate STORE --level L`: replaces keys while they are in use; the same again goes on with what was left. */
export function runKeysRotate(invocation: Invocation): Promise<unknown> {
  const { config, words, options } = invocation;
  const store = sealingStore(config, words[0]);
  const level = levelOf(textOption(options, 'level'));
  const project = textOption(options, 'project');
  const pacing = paceOf(options);
  return withKeysOf(invocation, store, async (keys, database) => {
    const asked = {
      store: store.name,
      level,
      ...(project === undefined ? {} : { project: projectId(project) }),
      from: [...(await keys.keks.countAnyProjectByRootKey(store.name)).keys()].sort(),
      to: keys.store.rotation.masterKeys[0],
    };
    if (flagOption(options, 'dry-run')) return showPlan(keys, { ...asked, since: now() });
    const runs = createRunRepository(database);
    const { run, isResumed } = await beginRotation({ runs, clock: now }, asked);
    process.stderr.write(isResumed ? `${run.id} goes on, as begun at ${run.createdAt}\n` : `${run.id}\n`);
    await workAt({ keys, database, pacing, trail: invocation.trail }, run);
    return show((await runs.find(run.id)) ?? run);
  });
}

function levelOf(text: string | undefined): RotationLevel {
  const level = ROTATION_LEVELS.find((one) => one === text);
  if (level === undefined) throw new ConfigurationError(`--level is one of ${ROTATION_LEVELS.join(', ')}`);
  return level;
}

async function showPlan(keys: KeysOfStore, spec: RotationSpec): Promise<unknown> {
  const { keks, payloads } = await planRotation(keys, spec);
  const { store, level, project = '', to } = spec;
  return { store, level, project, master_key: to, project_keys: keks, payloads };
}

interface At {
  readonly keys: KeysOfStore;
  readonly database: Database;
  readonly pacing: ReturnType<typeof paceOf>;
  readonly trail: Trail;
}

async function workAt({ keys, database, pacing, trail }: At, run: Run): Promise<void> {
  const runs = createRunRepository(database);
  const heard = createListeners(await planRotation(keys, specOf(run)), trail);
  try {
    const outcome = await holdRun({ runs, clock: now, signal: interruption() }, run.id, (signal) =>
      runRotation({ ...keys, ...heard.by(signal), runs, pace: { ...pacing, signal } }, run),
    );
    if (outcome !== 'done') process.exitCode = 1;
    if (outcome === 'stopped') process.stderr.write('stopped: the same command goes on with it\n');
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    process.stderr.write(`${run.id} stopped: ${reasonOf(error)}\n`);
    process.exitCode = 1;
  } finally {
    heard.end();
  }
}

const LABELS: Readonly<Record<RotationPhase, string>> = { keks: 'project keys', payloads: 'payloads' };

interface Listeners {
  by(signal: AbortSignal): Pick<RotateDeps, 'onProgress' | 'onFailure' | 'wait'>;
  end(): void;
}

/** A bar for the keys and then one for the payloads; what failed and what is waited for has lines of its own. */
function createListeners(totals: RotationPlan, trail: Trail): Listeners {
  const { step: onProgress, end } = createPhases({ labels: LABELS, totals, trail });
  const onFailure: RotateDeps['onFailure'] = (what, error) => {
    end();
    process.stderr.write(`${what}: ${reasonOf(error)}\n`);
  };
  const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
    end();
    const seconds = Math.ceil(ms / 1_000);
    process.stderr.write(`waiting ${seconds} s: running processes may still seal under the old keys\n`);
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  };
  return { end, by: (signal) => ({ onProgress, onFailure, wait: (ms) => wait(ms, signal) }) };
}

/** `postern keys rotations`: every rotation, the newest first. */
export function runKeysRotations({ config }: Invocation): Promise<unknown> {
  return withDatabase(config, async (database) =>
    (await createRunRepository(database).list('rotation')).map(show),
  );
}

function show(run: Run): ShownRotation {
  const { store, level, project = '', from, to } = specOf(run);
  const { done, skipped, failed, endedAt = '', ...rest } = reportOf(run);
  const ended = 'isGivenUp' in rest ? 'given up' : run.state;
  const masters = level === 'master' ? { from, to } : { from: [], to: '' };
  return {
    id: run.id,
    state: run.state === 'open' ? (isHeld(run, now) ? 'running' : 'interrupted') : ended,
    ...{ store, level, project, ...masters, done, skipped, failed },
    since: run.createdAt,
    ended: endedAt,
  };
}
