import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

type Columns = (table: Knex.CreateTableBuilder) => void;

const TABLES = [
  'containers',
  'container_counts',
  'container_secrets',
  'container_acls',
  'container_acl_users',
  'container_consumers',
];

export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  const ofContainer: Columns = (table) => {
    table.specificType('container_id', text).notNullable();
    table.foreign('container_id').references('containers.id').onDelete('CASCADE');
  };
  await knex.schema.createTable('containers', (table) => {
    table.specificType('id', text).primary();
    table.specificType('project_id', text).notNullable();
    table.specificType('creator_id', text);
    table.specificType('name', text);
    table.specificType('type', text).notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.index(['project_id', 'created_at', 'id'], 'containers_by_age');
    table.index(['project_id', 'name'], 'containers_by_name');
    table.index(['project_id', 'type', 'created_at', 'id'], 'containers_by_type');
  });
  // As for secrets: a list shows its total, and a page must not cost what the project holds.
  await knex.schema.createTable('container_counts', (table) => {
    table.specificType('project_id', text).notNullable();
    table.integer('shard').notNullable();
    table.bigInteger('containers').notNullable();
    table.primary(['project_id', 'shard']);
  });
  // No name and the empty name are two names, and a missing one is no part of a key: hence the empty text beside a flag.
  await knex.schema.createTable('container_secrets', (table) => {
    ofContainer(table);
    table.specificType('secret_id', text).notNullable();
    table.foreign('secret_id').references('secrets.id').onDelete('CASCADE');
    table.specificType('name', text).notNullable();
    table.boolean('named').notNullable();
    table.integer('position').notNullable();
    table.specificType('created_at', text).notNullable();
    table.primary(['container_id', 'secret_id', 'name', 'named']);
    table.index(['secret_id'], 'container_secrets_by_secret');
  });
  await createAccess(knex, text, ofContainer);
}

/** Who may use a container, and who says that it does. */
async function createAccess(knex: Knex, text: string, ofContainer: Columns): Promise<void> {
  await knex.schema.createTable('container_acls', (table) => {
    ofContainer(table);
    table.boolean('project_access').notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.primary(['container_id']);
  });
  await knex.schema.createTable('container_acl_users', (table) => {
    ofContainer(table);
    table.specificType('user_id', text).notNullable();
    table.primary(['container_id', 'user_id']);
    table.index(['user_id'], 'container_acl_users_by_user');
  });
  await knex.schema.createTable('container_consumers', (table) => {
    table.specificType('id', text).primary();
    ofContainer(table);
    table.specificType('project_id', text).notNullable();
    table.specificType('name', text).notNullable();
    table.specificType('url', text).notNullable();
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.unique(['container_id', 'name', 'url']);
    table.index(['project_id'], 'container_consumers_by_project');
  });
}

export async function down(knex: Knex): Promise<void> {
  for (const table of [...TABLES].reverse()) await knex.schema.dropTable(table);
}
