import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  await knex.schema.createTable('project_stores', (table) => {
    table.specificType('project_id', text).primary();
    table.specificType('store', text).notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.index(['store'], 'project_stores_by_store');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('project_stores');
}
