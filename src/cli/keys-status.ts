import { projectId, type ProjectId } from '../model/ids.ts';
import type { Database } from '../repositories/database.ts';
import { createKekCountRepository, type StateCounts } from '../repositories/kek-counts.ts';
import { createKekRepository } from '../repositories/keks.ts';
import { KEK_DUE_AT_USES, MAX_KEK_USES } from '../stores/key-rotation.ts';
import type { Invocation } from './commands.ts';
import { withDatabase } from './database.ts';
import { textOption } from './options.ts';
import { sealingStore, sealingStores, type SealingStore } from './rotating.ts';

interface MasterKeyStatus {
  readonly id: string;
  /** `active` wraps, `old` only unwraps, `missing` wraps something and is not configured. */
  readonly state: 'active' | 'old' | 'missing';
  readonly project_keys: number;
}

interface ProjectKeyStatus {
  readonly state: string;
  readonly project_keys: number;
  readonly payloads: number;
  /** Of the one used most; `uses_percent` of what one key may. */
  readonly most_uses: number;
  readonly uses_percent: number;
  /** How many should get a successor because of their uses. */
  readonly due: number;
}

/** The keys of one store. */
export interface StoreKeyStatus {
  readonly store: string;
  readonly kind: string;
  readonly master_keys: readonly MasterKeyStatus[];
  readonly project_keys: readonly ProjectKeyStatus[];
  /** Payloads under a project key that is not the active one. */
  readonly payloads_under_old: number;
}

/** `postern keys status [STORE] [--project P]`: which keys there are, and what needs them. */
export function runKeysStatus({ config, words: [name], options, json }: Invocation): Promise<unknown> {
  const stores = name === undefined ? sealingStores(config) : [sealingStore(config, name)];
  const project = textOption(options, 'project');
  return withDatabase(config, async (database) => {
    if (project !== undefined) return showProject(database, stores, projectId(project));
    const all = await Promise.all(stores.map((store) => statusOf(database, store)));
    return json ? all : all.flatMap(rowsOf);
  });
}

async function statusOf(database: Database, store: SealingStore): Promise<StoreKeyStatus> {
  const counts = await createKekCountRepository(database).countAnyProjectByState(store.name, KEK_DUE_AT_USES);
  const wrapped = await createKekRepository(database).countAnyProjectByRootKey(store.name);
  const old = counts.filter(({ state }) => state !== 'active');
  return {
    store: store.name,
    kind: store.kind,
    master_keys: masterKeysOf(store, wrapped),
    project_keys: counts.map(projectKeysOf),
    payloads_under_old: old.reduce((sum, { payloads }) => sum + payloads, 0),
  };
}

function masterKeysOf(
  { master_keys: configured }: SealingStore,
  wrapped: ReadonlyMap<string, number>,
): readonly MasterKeyStatus[] {
  const known = configured.map(({ id }, place) => ({
    id,
    state: place === 0 ? ('active' as const) : ('old' as const),
    project_keys: wrapped.get(id) ?? 0,
  }));
  const missing = [...wrapped].filter(([id]) => !known.some((key) => key.id === id));
  return [...known, ...missing.map(([id, keks]) => ({ id, state: 'missing' as const, project_keys: keks }))];
}

const projectKeysOf = ({ state, keks, payloads, mostUses, due }: StateCounts): ProjectKeyStatus => ({
  state,
  project_keys: keks,
  payloads,
  most_uses: mostUses,
  uses_percent: Number(((100 * mostUses) / MAX_KEK_USES).toFixed(2)),
  due: state === 'active' ? due : 0,
});

/** One table for people: a line for each master key and for the project keys of each state. */
const rowsOf = ({ store, master_keys: masters, project_keys: keks }: StoreKeyStatus): readonly object[] => [
  ...masters.map(({ id, state, project_keys }) => ({
    ...{ store, keys: `master key ${id}`, state, project_keys },
    ...{ payloads: '', most_uses: '', uses_percent: '', due: '' },
  })),
  ...keks.map((status) => ({
    ...{ store, keys: 'project keys', state: status.state, project_keys: status.project_keys },
    ...{ payloads: status.payloads, most_uses: status.most_uses },
    ...{ uses_percent: status.uses_percent, due: status.due },
  })),
];

async function showProject(
  database: Database,
  stores: readonly SealingStore[],
  project: ProjectId,
): Promise<unknown> {
  const counts = createKekCountRepository(database);
  const shown: object[] = [];
  for (const { name: store } of stores) {
    for (const kek of await counts.listByVersion(store, project)) {
      const { id, version, state, rootKey, uses, payloads, createdAt } = kek;
      shown.push({ store, version, state, master_key: rootKey, payloads, uses, created: createdAt, id });
    }
  }
  return shown;
}
