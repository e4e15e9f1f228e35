import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  await knex.schema.createTable('orders', (table) => {
    table.specificType('id', text).primary();
    table.specificType('project_id', text).notNullable();
    table.specificType('creator_id', text);
    table.specificType('type', text).notNullable();
    table.specificType('status', text).notNullable();
    table.specificType('meta', text).notNullable();
    // What will be made, and where it goes: known from the start, so that a second run cannot make it a second time.
    table.specificType('secret_id', text).notNullable();
    table.specificType('public_id', text);
    table.specificType('passphrase_id', text);
    table.specificType('container_id', text);
    table.specificType('store', text).notNullable();
    table.specificType('error_status', text);
    table.specificType('error_reason', text);
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    // A claim moves `due_at` into the future: one that is never followed up becomes due again by itself.
    table.specificType('due_at', text);
    table.integer('attempts').notNullable();
    table.integer('version').notNullable();
    table.index(['project_id', 'created_at', 'id'], 'orders_by_age');
  });
  // Few orders wait, and looking for them must not cost what all those done with weigh.
  await knex.raw(`create index orders_due on orders (type, due_at) where status = 'PENDING'`);
  // As for secrets: a list shows its total, and a page must not cost what the project holds.
  await knex.schema.createTable('order_counts', (table) => {
    table.specificType('project_id', text).notNullable();
    table.integer('shard').notNullable();
    table.bigInteger('orders').notNullable();
    table.primary(['project_id', 'shard']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('order_counts');
  await knex.schema.dropTable('orders');
}
