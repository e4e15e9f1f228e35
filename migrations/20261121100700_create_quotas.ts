import type { Knex } from 'knex';

const bytewise = (knex: Knex): string => (knex.client.config.client === 'pg' ? 'text collate "C"' : 'text');

export async function up(knex: Knex): Promise<void> {
  const text = bytewise(knex);
  await knex.schema.createTable('project_quotas', (table) => {
    table.specificType('project_id', text).primary();
    // Null: not set for this project, the configured default counts.
    for (const resource of ['secrets', 'orders', 'containers', 'consumers', 'cas'])
      table.bigInteger(resource);
    table.specificType('created_at', text).notNullable();
    table.specificType('updated_at', text).notNullable();
    table.index(['created_at', 'project_id'], 'project_quotas_by_age');
  });
  // Places taken by what is about to be made. No foreign key: the row comes before the object.
  await knex.schema.createTable('quota_reservations', (table) => {
    table.specificType('object_id', text).primary();
    table.specificType('project_id', text).notNullable();
    table.specificType('kind', text).notNullable();
    table.specificType('expires_at', text).notNullable();
    table.index(['project_id', 'kind'], 'quota_reservations_by_project');
  });
  // What a quota of consumers counts.
  await knex.schema.alterTable('secret_consumers', (table) => {
    table.index(['project_id'], 'secret_consumers_by_project');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('secret_consumers', (table) => {
    table.dropIndex(['project_id'], 'secret_consumers_by_project');
  });
  await knex.schema.dropTable('quota_reservations');
  await knex.schema.dropTable('project_quotas');
}
