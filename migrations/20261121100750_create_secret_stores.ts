import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

/** The configuration names the stores; what the API says of them besides must outlive a restart. */
export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  await knex.schema.createTable('secret_stores', (table) => {
    table.specificType('name', text).primary();
    table.specificType('id', text).notNullable().unique();
    table.specificType('kind', text).notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('secret_stores');
}
