import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  await knex.schema.createTable('sealed_payloads', (table) => {
    table.specificType('secret_id', text).notNullable();
    table.specificType('store', text).notNullable();
    table.specificType('kek_id', text).notNullable();
    table.binary('blob').notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('rewrapped_at', text);
    // Both: while a secret moves between two stores of ours, each holds a copy until the old one is destroyed.
    table.primary(['secret_id', 'store']);
    table.foreign('secret_id').references('secrets.id').onDelete('CASCADE');
    // A KEK that payloads still need cannot be removed.
    table.foreign('kek_id').references('keks.id');
    table.index(['kek_id'], 'sealed_payloads_by_kek');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('sealed_payloads');
}
