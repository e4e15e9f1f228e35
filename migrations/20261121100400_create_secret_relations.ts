import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  const ofSecret = (table: Knex.CreateTableBuilder): void => {
    table.specificType('secret_id', text).notNullable();
    table.foreign('secret_id').references('secrets.id').onDelete('CASCADE');
  };
  await knex.schema.createTable('secret_metadata', (table) => {
    ofSecret(table);
    table.specificType('key', text).notNullable();
    table.specificType('value', text).notNullable();
    table.primary(['secret_id', 'key']);
  });
  await knex.schema.createTable('secret_acls', (table) => {
    ofSecret(table);
    table.boolean('project_access').notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.primary(['secret_id']);
  });
  await knex.schema.createTable('secret_acl_users', (table) => {
    ofSecret(table);
    table.specificType('user_id', text).notNullable();
    table.primary(['secret_id', 'user_id']);
    table.index(['user_id'], 'secret_acl_users_by_user');
  });
  await knex.schema.createTable('secret_consumers', (table) => {
    table.specificType('id', text).primary();
    ofSecret(table);
    table.specificType('project_id', text).notNullable();
    table.specificType('service', text).notNullable();
    table.specificType('resource_type', text).notNullable();
    table.specificType('resource_id', text).notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.unique(['secret_id', 'service', 'resource_type', 'resource_id']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('secret_consumers');
  await knex.schema.dropTable('secret_acl_users');
  await knex.schema.dropTable('secret_acls');
  await knex.schema.dropTable('secret_metadata');
}
