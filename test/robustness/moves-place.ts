import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { projectId } from '../../src/model/ids.ts';
import { now } from '../../src/model/timestamp.ts';
import { createProjectStoreRepository } from '../../src/repositories/project-stores.ts';
import type { TestDatabase, TestDialect } from '../helpers/databases.ts';
import type { RealKind } from '../helpers/real-stores.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  MASTER_KEY,
  rowsOf,
  serveProcess,
  softwareStore,
  type ServingProcess,
} from './broker-process.ts';
import type { MoverPlace } from './moves-mover.ts';
import { objectsAt, ownStore } from './objects-at.ts';
import { prepareToken } from './several-stores.ts';

export interface MoveStore {
  readonly name: string;
  readonly kind: RealKind;
}

/** A database, stores, brokers that serve from them, and what holds all of them to account. */
export interface MovePlace extends MoverPlace {
  readonly database: TestDatabase;
  readonly stores: readonly MoveStore[];
  readonly urls: readonly string[];
  /** Where new secrets of a project go, once every broker knows. */
  assign(stores: ReadonlyMap<string, string>): Promise<void>;
  /** All secrets there are, by id, with the store of each. */
  storesOfSecrets(): Promise<ReadonlyMap<string, string>>;
  /** Each store holds a payload of every secret that is said to be there, and none besides; no receipt is open. */
  expectNothingSpare(): Promise<void>;
  close(): Promise<void>;
}

/** As long as a broker may not know of an assignment that another process made. */
export const ASSIGNED_MS = 2_100;

export async function openMovePlace(
  dialect: TestDialect,
  stores: readonly MoveStore[],
  brokers: number,
): Promise<MovePlace> {
  const [place, database, run] = [createWorkplace(), await dialect.open(), `moves-${randomUUID()}`];
  const own = ({ name, kind }: MoveStore): object =>
    kind === 'simple_crypto' ? softwareStore(name, MASTER_KEY) : ownStore(kind, place.folder, run);
  const section = { default: stores[0]?.name, configured: stores.map(own) };
  const file = place.config(
    configuration(place, { database: databaseSection(database.options), stores: section }),
  );
  const serving: ServingProcess[] = [];
  const close = async (): Promise<void> => {
    for (const broker of serving) broker.kill('SIGTERM');
    await Promise.all(serving.map(({ ended }) => ended));
    await database.close();
    place.remove();
  };
  try {
    if (stores.some(({ kind }) => kind === 'pkcs11')) await prepareToken(file);
    for (let n = 0; n < brokers; n += 1) serving.push(await serveProcess(file));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    file,
    database,
    stores,
    urls: serving.map(({ url }) => url),
    assign: (assignments) => assign(database, assignments),
    storesOfSecrets: () => storesOfSecrets(database),
    expectNothingSpare: () => expectNothingSpare(database, stores, run),
    close,
  };
}

async function assign(database: TestDatabase, stores: ReadonlyMap<string, string>): Promise<void> {
  const assignments = createProjectStoreRepository(database);
  for (const [project, store] of stores) await assignments.assign(projectId(project), store, now());
  await new Promise((resolve) => setTimeout(resolve, ASSIGNED_MS));
}

async function storesOfSecrets({ options }: TestDatabase): Promise<ReadonlyMap<string, string>> {
  const rows = await rowsOf(options, 'select id, store, state from secrets');
  expect(rows.filter(({ state }) => state !== 'active')).to.deep.equal([]);
  return new Map(rows.map(({ id, store }) => [String(id), String(store)]));
}

async function expectNothingSpare(
  database: TestDatabase,
  stores: readonly MoveStore[],
  run: string,
): Promise<void> {
  const open = await rowsOf(
    database.options,
    'select secret_id, from_store, to_store, state from move_receipts where ended_at is null',
  );
  expect(open, 'open receipts').to.deep.equal([]);
  const secrets = [...(await storesOfSecrets(database))];
  for (const store of stores) {
    const there = secrets.filter(([, name]) => name === store.name).map(([id]) => id);
    const objects = await objectsAt(store, run, database);
    expect([...objects].sort(), `objects at ${store.name}`).to.deep.equal(there.sort());
  }
}
