import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import type { Database } from './database.ts';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'migrations');

interface Migration {
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
}

/** Names are recorded without extension: the same file is `.ts` in a clone and `.js` in a build. */
const source: Knex.MigrationSource<string> = {
  getMigrations: () =>
    Promise.resolve([
      ...new Set(
        readdirSync(FOLDER)
          .filter((file) => /^\d{14}_\w+\.(ts|js)$/.test(file))
          .map((file) => file.slice(0, -3))
          .sort(),
      ),
    ]),
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    return (await import(pathToFileURL(join(FOLDER, `${name}.${extension}`)).href)) as Migration;
  },
};

/** Brings the schema up to date; the names of what was applied. */
export async function migrate(db: Database): Promise<readonly string[]> {
  const [, applied] = (await db.knex.migrate.latest({ migrationSource: source })) as [number, string[]];
  return applied;
}

/** Names of migrations not applied yet. */
export async function pendingMigrations(db: Database): Promise<readonly string[]> {
  const [, pending] = (await db.knex.migrate.list({ migrationSource: source })) as unknown as [
    unknown,
    string[],
  ];
  return pending;
}
