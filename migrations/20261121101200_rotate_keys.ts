import type { Knex } from 'knex';

const isPostgres = (knex: Knex): boolean => knex.client.config.client === 'pg';

/**
 * A payload may be sealed by a KEK that another process destroys before the payload is a row: nobody could ever open it.
 * The database refuses both sides of that race. PostgreSQL by a foreign key that the destroyed have nothing to offer to:
 * checking one waits for whoever changes what it refers to. SQLite, with its one writer at a time, by triggers.
 */
const POSTGRES = [
  `alter table keks add column usable_id text collate "C"
     generated always as (case when state <> 'destroyed' then id end) stored`,
  'alter table keks add constraint keks_usable unique (usable_id)',
  'alter table sealed_payloads drop constraint sealed_payloads_kek_id_foreign',
  `alter table sealed_payloads add constraint sealed_payloads_usable_kek
     foreign key (kek_id) references keks (usable_id)`,
];

const refusal = (event: string, condition: string): string =>
  `before ${event} when ${condition} begin select raise(abort, 'sealed_payloads_usable_kek'); end`;
const DESTROYED = `exists (select 1 from keks where id = new.kek_id and state = 'destroyed')`;
const NEEDED = `new.state = 'destroyed' and exists (select 1 from sealed_payloads where kek_id = new.id)`;
const SQLITE = [
  `create trigger sealed_by_destroyed ${refusal('insert on sealed_payloads', DESTROYED)}`,
  `create trigger resealed_by_destroyed ${refusal('update of kek_id on sealed_payloads', DESTROYED)}`,
  `create trigger destroyed_but_needed ${refusal('update of state on keks', NEEDED)}`,
];

export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('keks', (table) => {
    table.specificType('rewrapped_at', 'text');
  });
  await knex.schema.alterTable('sealed_payloads', (table) => {
    // The payload itself was sealed again, which replacing the KEK that wraps its data key is not.
    table.specificType('resealed_at', 'text');
    table.dropIndex(['kek_id'], 'sealed_payloads_by_kek');
    // What a KEK sealed is gone through page by page.
    table.index(['kek_id', 'secret_id'], 'sealed_payloads_by_kek');
  });
  for (const statement of isPostgres(knex) ? POSTGRES : SQLITE) await knex.raw(statement);
}

export async function down(knex: Knex): Promise<void> {
  if (isPostgres(knex)) {
    await knex.raw('alter table sealed_payloads drop constraint sealed_payloads_usable_kek');
    await knex.schema.alterTable('sealed_payloads', (table) => {
      table.foreign('kek_id').references('keks.id');
    });
    await knex.raw('alter table keks drop column usable_id');
  } else {
    for (const name of ['sealed_by_destroyed', 'resealed_by_destroyed', 'destroyed_but_needed'])
      await knex.raw(`drop trigger ${name}`);
  }
  await knex.schema.alterTable('sealed_payloads', (table) => {
    table.dropIndex(['kek_id', 'secret_id'], 'sealed_payloads_by_kek');
    table.index(['kek_id'], 'sealed_payloads_by_kek');
    table.dropColumn('resealed_at');
  });
  await knex.schema.alterTable('keks', (table) => {
    table.dropColumn('rewrapped_at');
  });
}
