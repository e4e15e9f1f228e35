import { randomInt, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  rowsOf,
  type ServingProcess,
  type Workplace,
} from './broker-process.ts';
import { pathOf, send, textSecret } from './client.ts';
import { expectStatus, playRounds, ROUND_MS, ROUNDS } from './rounds.ts';

/** What clients were told of a container; a request that was not answered may have changed it or not. */
interface Known {
  readonly members: Set<string>;
  readonly consumers: Set<string>;
  /** Who is on its list, once that was acknowledged. */
  users: readonly string[] | undefined;
  /** Asked for and not answered. */
  readonly unsure: Set<string>;
}

describeDatabases('kill -9 among containers', (dialect) => {
  let place: Workplace;
  let db: TestDatabase;
  let file: string;
  const containers = new Map<string, Known>();
  const deleted = new Set<string>();
  const unsure = new Set<string>();

  before(async () => {
    place = createWorkplace();
    db = await dialect.open();
    const quotas = { containers: 100_000, consumers: 100_000 };
    file = place.config(configuration(place, { database: databaseSection(db.options), quotas }));
  });
  after(async () => {
    await db.close();
    place.remove();
  });

  const work = async ({ url }: ServingProcess): Promise<void> => {
    const secret = async (): Promise<string> => {
      const path = pathOf(await send(url, 'POST', '/v1/secrets', { body: textSecret('member') }));
      return `${url}${path}`;
    };
    const first = await secret();
    const created = await send(url, 'POST', '/v1/containers', {
      body: { type: 'generic', secret_refs: [{ name: 'first', secret_ref: first }] },
    });
    expectStatus(created, 201);
    const path = new URL(String(created.json?.['container_ref'])).pathname;
    const known: Known = {
      members: new Set([idOf(first)]),
      consumers: new Set(),
      users: undefined,
      unsure: new Set(),
    };
    containers.set(path, known);

    const second = await secret();
    known.unsure.add(idOf(second));
    const added = await send(url, 'POST', `${path}/secrets`, {
      body: { name: 'second', secret_ref: second },
    });
    expectStatus(added, 201);
    known.members.add(idOf(second));

    const consumer = { name: randomUUID(), URL: 'http://balancer' };
    known.unsure.add(consumer.name);
    expectStatus(await send(url, 'POST', `${path}/consumers`, { body: consumer }), 200);
    known.consumers.add(consumer.name);

    const users = [randomUUID(), randomUUID()];
    known.unsure.add('acl');
    expectStatus(await send(url, 'PUT', `${path}/acl`, { body: { read: { users } } }), 200);
    known.users = users;

    if (randomInt(3) > 0) return;
    containers.delete(path);
    unsure.add(path);
    expectStatus(await send(url, 'DELETE', path), 204);
    unsure.delete(path);
    deleted.add(path);
  };

  const verify = async ({ url }: ServingProcess): Promise<void> => {
    for (const [path, known] of containers) {
      const { status, json, text } = await send(url, 'GET', path);
      expect(status, text).to.equal(200);
      const refs = json?.['secret_refs'] as readonly { secret_ref: string }[];
      const consumers = json?.['consumers'] as readonly { name: string }[];
      expectBetween(
        known.members,
        known.unsure,
        refs.map(({ secret_ref }) => idOf(secret_ref)),
      );
      expectBetween(
        known.consumers,
        known.unsure,
        consumers.map(({ name }) => name),
      );
      const acl = await send(url, 'GET', `${path}/acl`);
      const { users } = acl.json?.['read'] as { users?: readonly string[] };
      // All of a list or nothing of it.
      if (known.users !== undefined) expect(users).to.have.members([...known.users]);
      else if (!known.unsure.has('acl')) expect(users).to.equal(undefined);
      else expect([0, 2]).to.include(users?.length ?? 0);
    }
    for (const path of deleted) expectStatus(await send(url, 'GET', path), 404);
    for (const path of unsure) expect([200, 404]).to.include((await send(url, 'GET', path)).status);
  };

  it(`loses nothing that was acknowledged and leaves nothing half done (${ROUNDS} times)`, async function () {
    this.timeout((ROUNDS + 1) * ROUND_MS);
    const acknowledged = (): number => containers.size + deleted.size + unsure.size;
    await playRounds(file, { work, verify, acknowledged });
    const number = async (sql: string): Promise<number> => Number((await rowsOf(db.options, sql))[0]?.['n']);
    const counted = await number('select coalesce(sum(containers), 0) as n from container_counts');
    expect(counted, 'the counts').to.equal(await number('select count(*) as n from containers'));
    for (const table of [
      'container_secrets',
      'container_consumers',
      'container_acls',
      'container_acl_users',
    ]) {
      const orphans = await number(
        `select count(*) as n from ${table} where container_id not in (select id from containers)`,
      );
      expect(orphans, table).to.equal(0);
    }
  });
});

const idOf = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);

/** All that was acknowledged, and beyond it nothing but what was asked for. */
function expectBetween(
  least: ReadonlySet<string>,
  unsure: ReadonlySet<string>,
  found: readonly string[],
): void {
  expect(found).to.include.members([...least]);
  for (const one of found) expect(least.has(one) || unsure.has(one), one).to.equal(true);
}
