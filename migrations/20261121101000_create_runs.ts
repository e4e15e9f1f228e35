import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

/** Long work that an operator asked for, and that outlives the process which does it. */
export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  await knex.schema.createTable('runs', (table) => {
    table.specificType('id', text).primary();
    table.specificType('kind', text).notNullable();
    // JSON: what was asked for.
    table.specificType('spec', text).notNullable();
    table.specificType('state', text).notNullable();
    // The process that is at it, and when it last said so; null: none.
    table.specificType('holder', text);
    table.specificType('heartbeat_at', text);
    // JSON: what came of it.
    table.specificType('report', text);
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.index(['kind', 'created_at'], 'runs_by_age');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('runs');
}
