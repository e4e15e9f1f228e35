import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  await knex.schema.createTable('keks', (table) => {
    table.specificType('id', text).primary();
    table.specificType('store', text).notNullable();
    table.specificType('project_id', text).notNullable();
    table.integer('version').notNullable();
    table.specificType('state', text).notNullable();
    table.specificType('root_key', text).notNullable();
    table.binary('wrapped');
    table.bigInteger('uses').notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('retired_at', text);
    table.specificType('destroyed_at', text);
    table.unique(['store', 'project_id', 'version'], { indexName: 'keks_by_version' });
    table.index(['store', 'root_key'], 'keks_by_root_key');
  });
  // Two first requests of a project insert two keys; the index lets one win.
  await knex.raw(`create unique index keks_active on keks (store, project_id) where state = 'active'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('keks');
}
