import type { Config } from '../config.ts';
import { openDatabase } from '../repositories/database.ts';
import { migrate, pendingMigrations } from '../repositories/migrate.ts';

/** `postern db migrate`: brings the schema up to date. Never started by the API itself on PostgreSQL. */
export async function runMigrate(config: Config): Promise<unknown> {
  const database = openDatabase(config.database, { patient: true });
  try {
    return { applied: await migrate(database) };
  } finally {
    await database.knex.destroy();
  }
}

/** `postern db status`: what a migrate would apply. */
export async function runStatus(config: Config): Promise<unknown> {
  const database = openDatabase(config.database);
  try {
    return { pending: await pendingMigrations(database) };
  } finally {
    await database.knex.destroy();
  }
}
