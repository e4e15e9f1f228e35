import type { Knex } from 'knex';

/** Ids and times are compared byte by byte in both databases: PostgreSQL needs to be told. */
const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  await knex.schema.createTable('secrets', (table) => {
    table.specificType('id', text).primary();
    table.specificType('project_id', text).notNullable();
    table.specificType('creator_id', text);
    table.specificType('name', text);
    table.specificType('secret_type', text).notNullable();
    table.specificType('algorithm', text);
    table.integer('bit_length');
    table.specificType('mode', text);
    table.specificType('expires_at', text);
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.specificType('state', text).notNullable();
    table.specificType('store', text);
    table.specificType('store_ref', text);
    table.specificType('content_type', text);
    table.integer('payload_size');
    table.integer('version').notNullable();
    table.index(['project_id', 'created_at', 'id'], 'secrets_by_age');
    table.index(['project_id', 'name'], 'secrets_by_name');
    table.index(['store'], 'secrets_by_store');
  });
  // Few secrets expire and few are half done: partial indexes keep the sweep and the count of the expired cheap.
  await knex.raw(
    'create index secrets_expiring on secrets (project_id, expires_at) where expires_at is not null',
  );
  await knex.raw(`create index secrets_unfinished on secrets (updated_at) where state <> 'active'`);
  // A list shows its total. Counting 100,000 rows for each page would make a list cost what the project holds.
  await knex.schema.createTable('secret_counts', (table) => {
    table.specificType('project_id', text).notNullable();
    table.integer('shard').notNullable();
    table.bigInteger('secrets').notNullable();
    table.primary(['project_id', 'shard']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('secret_counts');
  await knex.schema.dropTable('secrets');
}
