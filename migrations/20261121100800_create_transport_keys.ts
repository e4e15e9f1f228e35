import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  await knex.schema.createTable('transport_keys', (table) => {
    table.specificType('id', text).primary();
    table.specificType('plugin_name', text).notNullable();
    table.specificType('transport_key', text).notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.index(['created_at', 'id'], 'transport_keys_by_age');
    table.index(['plugin_name', 'created_at', 'id'], 'transport_keys_by_plugin');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('transport_keys');
}
