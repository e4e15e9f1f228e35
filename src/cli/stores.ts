import type { Config } from '../config.ts';
import { ConfigurationError } from '../errors.ts';
import type { Log } from '../log.ts';
import { projectId } from '../model/ids.ts';
import { now } from '../model/timestamp.ts';
import { openStore } from '../open-stores.ts';
import { checkStore } from '../operations/stores/check-store.ts';
import type { Database } from '../repositories/database.ts';
import { createProjectStoreRepository } from '../repositories/project-stores.ts';
import { createSecretRepository } from '../repositories/secrets.ts';
import { withDatabase } from './database.ts';
import { flagOption, textOption, type OptionValues } from './options.ts';
import { requireStore } from './require-store.ts';
import { listPlaces } from './store-places.ts';

/**
 * `postern stores list`: every configured store, the projects it was assigned to, and how many payloads it holds. With
 * `--projects`, or for one `--project`: a row for each project and store.
 */
export function runList(config: Config, options: OptionValues): Promise<unknown> {
  const project = textOption(options, 'project');
  return withDatabase(config, (database) =>
    project === undefined && !flagOption(options, 'projects')
      ? listStores(config, database)
      : listPlaces(database, project),
  );
}

async function listStores(config: Config, database: Database): Promise<unknown> {
  const held = await createSecretRepository(database).countAnyProjectByStore();
  const assigned = await createProjectStoreRepository(database).listAnyProject();
  return config.stores.configured.map(({ name, kind }) => ({
    name,
    kind,
    default: name === config.stores.default,
    secrets: held.get(name) ?? 0,
    projects: assigned.filter(({ store }) => store === name).map((assignment) => assignment.projectId),
  }));
}

/**
 * `postern stores check`: opens every store, asks it whether it can serve, and sends a payload there and back. One line a
 * store, with what is wrong in words; the process fails if any line is not ok.
 */
export function runCheck(config: Config, log: Log): Promise<unknown> {
  return withDatabase(config, async (database) => {
    const checked = await Promise.all(
      config.stores.configured.map((options) =>
        checkStore(() => openStore(options, { database, log }), options),
      ),
    );
    if (checked.some(({ health }) => health !== 'ok')) process.exitCode = 1;
    return checked;
  });
}

/** `postern stores assign PROJECT STORE`: new secrets of the project go there; those it has stay where they are. */
export function runAssign(config: Config, [project, store]: readonly string[]): Promise<unknown> {
  if (project === undefined || store === undefined)
    throw new ConfigurationError('which project, and which store?');
  requireStore(config, store);
  return withDatabase(config, async (database) => {
    await createProjectStoreRepository(database).assign(projectId(project), store, now());
    return { project, store };
  });
}

/** `postern stores unassign PROJECT`: back to the default store. */
export function runUnassign(config: Config, [project]: readonly string[]): Promise<unknown> {
  if (project === undefined) throw new ConfigurationError('which project?');
  return withDatabase(config, async (database) => ({
    project,
    unassigned: await createProjectStoreRepository(database).unassign(projectId(project)),
  }));
}
