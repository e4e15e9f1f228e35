import { BrokerError } from '../errors.ts';
import { projectId, type KekId } from '../model/ids.ts';
import { now } from '../model/timestamp.ts';
import {
  countPayloads,
  verifyPayloads,
  type VerifiedKey,
  type VerifyDeps,
  type VerifyWish,
} from '../operations/stores/verify-payloads.ts';
import type { Database } from '../repositories/database.ts';
import { createKekRepository, type KekRepository } from '../repositories/keks.ts';
import { createMovableSecretRepository } from '../repositories/movable-secrets.ts';
import { createSealedPayloadRepository } from '../repositories/sealed-payloads.ts';
import { createSecretRepository } from '../repositories/secrets.ts';
import { reasonOf } from '../stores/store-status.ts';
import type { Invocation } from './commands.ts';
import { withDatabase } from './database.ts';
import { findStores, registryOf, type Found } from './found-stores.ts';
import { interruption } from './interruption.ts';
import { countOption, textOption } from './options.ts';
import { paceOf } from './pace.ts';
import { createPhases, type Phases } from './progress.ts';
import { requireStore } from './require-store.ts';

/** What came of the payloads under one key, as an operator sees it. */
interface ShownKey {
  readonly store: string;
  readonly project: string;
  /** Version and master key of the project's key. Empty: the store looks after its keys itself. */
  readonly key: string;
  readonly read: number;
  readonly failed: number;
  /** Why a store, or the rest of it, was not looked at. */
  readonly problem: string;
}

/** `postern verify`: reads payloads back, all or a sample, and says which do not come. Changes nothing. */
export function runVerify(invocation: Invocation): Promise<unknown> {
  const { config, log, options } = invocation;
  const only = textOption(options, 'store');
  if (only !== undefined) requireStore(config, only);
  const [project, sample] = [textOption(options, 'project'), countOption(options, 'sample')];
  const wish = { sample, ...(project === undefined ? {} : { project: projectId(project) }) };
  return withDatabase(config, async (database) => {
    const found = await findStores(config, { database, log });
    try {
      const wanted = found.filter(({ name }) => only === undefined || name === only);
      return await verifyAll({ invocation, database, found }, wanted, wish);
    } finally {
      for (const { store } of found) await store?.close();
    }
  });
}

interface At {
  readonly invocation: Invocation;
  readonly database: Database;
  /** All stores: a secret may be moved to any of them while it is read. */
  readonly found: readonly Found[];
}

async function verifyAll(at: At, wanted: readonly Found[], wish: VerifyWish): Promise<readonly ShownKey[]> {
  const keks = createKekRepository(at.database);
  const movable = createMovableSecretRepository(at.database);
  const pace = { ...paceOf(at.invocation.options), signal: interruption() };
  const shown: ShownKey[] = [];
  for (const one of wanted) {
    const total = await countPayloads(movable, one.name, wish, now());
    const phases = createPhases({
      labels: { read: `reading ${one.name}` },
      totals: { read: total },
      trail: at.invocation.trail,
    });
    const rows = await verifyStore(depsOf(at, pace, phases), one, wish).finally(() => phases.end());
    for (const { store, project, kekId, ...row } of rows)
      shown.push({ store, project, key: await nameOf(keks, kekId), ...row });
  }
  if (pace.signal.aborted) process.stderr.write('stopped: what is shown is what was read until then\n');
  if (pace.signal.aborted || shown.some(({ failed, problem }) => failed > 0 || problem !== ''))
    process.exitCode = 1;
  return shown;
}

type Row = Omit<ShownKey, 'key'> & Pick<VerifiedKey, 'kekId'>;

/** A store that is away leaves the others to be read. */
async function verifyStore(
  deps: VerifyDeps,
  { name, store, problem }: Found,
  wish: VerifyWish,
): Promise<readonly Row[]> {
  const away = (why: string): Row => ({
    store: name,
    project: '',
    kekId: null,
    read: 0,
    failed: 0,
    problem: why,
  });
  if (store === undefined) return [away(problem)];
  try {
    const keys = await verifyPayloads(deps, store, wish);
    return keys.map(({ projectId: project, ...counts }) => ({
      store: name,
      project,
      ...counts,
      problem: '',
    }));
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return [away(reasonOf(error))];
  }
}

function depsOf({ database, found }: At, pace: VerifyDeps['pace'], phases: Phases<'read'>): VerifyDeps {
  return {
    movable: createMovableSecretRepository(database),
    secrets: createSecretRepository(database),
    sealedPayloads: createSealedPayloadRepository(database),
    stores: registryOf(found),
    pace: { ...pace, onOutcome: (outcome) => phases.step('read', outcome) },
    clock: now,
    onFailure: ({ id, projectId: project }, error) => {
      phases.end();
      process.stderr.write(`secret ${id} of project ${project}: ${reasonOf(error)}\n`);
    },
  };
}

async function nameOf(keks: KekRepository, id: KekId | null): Promise<string> {
  if (id === null) return '';
  const kek = await keks.findAnyProject(id);
  return kek === undefined ? 'none' : `v${kek.version} under ${kek.rootKey}`;
}
