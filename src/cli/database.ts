import { readyDatabase } from '../compose.ts';
import type { Config } from '../config.ts';
import type { Database } from '../repositories/database.ts';

/** For a command that needs no more of the broker than its database. */
export async function withDatabase<T>(config: Config, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await readyDatabase(config);
  try {
    return await work(database);
  } finally {
    await database.knex.destroy();
  }
}
