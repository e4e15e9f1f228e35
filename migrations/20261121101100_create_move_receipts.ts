import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  await knex.schema.createTable('move_receipts', (table) => {
    table.specificType('id', text).primary();
    // Null: an extra copy that was found and is cleared away, in no move.
    table.specificType('run_id', text);
    // No foreign key: a receipt outlives the secret, and so knows all that destroying a copy takes.
    table.specificType('secret_id', text).notNullable();
    table.specificType('project_id', text).notNullable();
    table.specificType('secret_type', text).notNullable();
    table.specificType('algorithm', text);
    table.integer('bit_length');
    table.specificType('mode', text);
    table.specificType('from_store', text).notNullable();
    table.specificType('from_ref', text);
    table.specificType('to_store', text).notNullable();
    table.specificType('to_ref', text);
    table.specificType('state', text).notNullable();
    table.specificType('error', text);
    // Whoever took the receipt last: all that others began with it before comes to nothing.
    table.integer('attempt').notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.specificType('moved_at', text);
    table.specificType('ended_at', text);
    table.unique(['run_id', 'secret_id'], { indexName: 'move_receipts_of_run' });
    table.index(['run_id', 'state'], 'move_receipts_by_state');
  });
  // One move at a time has a secret.
  await knex.raw(
    'create unique index move_receipts_open on move_receipts (secret_id) where ended_at is null',
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('move_receipts');
}
