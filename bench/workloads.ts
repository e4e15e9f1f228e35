import { randomBytes } from 'node:crypto';
import type { BenchDatabase } from './database.ts';
import type { Load } from './load.ts';

/** A request of Postern's and the floor's request it is measured against. */
export interface Workload {
  readonly name:
    | 'payload'
    | 'metadata'
    | 'create'
    | 'list'
    | 'list_100k'
    | 'containers'
    | 'containers_100k'
    | 'orders'
    | 'orders_100k';
  readonly postern: Request;
  readonly floor: Request;
}

export type Request = Omit<Load, 'concurrency' | 'seconds'>;

const PAYLOAD_BYTES = 32;
/** Enough that no cache of the database's favours a row, few enough to create quickly. */
const SECRETS = 200;
const PROJECT = 'bench';
/** Projects with this many secrets, containers and orders each. */
const PROJECTS = { few: 1_000, many: 100_000 } as const;

const callerOf = (project: string): Record<string, string> => ({
  'X-Project-Id': project,
  'X-User-Id': 'bench-user',
  'X-Roles': 'creator',
});

const payload = (): string => randomBytes(PAYLOAD_BYTES).toString('base64');
const newSecret = (): string =>
  JSON.stringify({
    name: 'bench',
    algorithm: 'aes',
    bit_length: 256,
    mode: 'cbc',
    payload: payload(),
    payload_content_type: 'application/octet-stream',
    payload_content_encoding: 'base64',
  });

/** Fills both sides and says what to ask of them. */
export async function prepareWorkloads(
  ports: { readonly postern: number; readonly floor: number },
  database: BenchDatabase,
): Promise<readonly Workload[]> {
  const rows = await create(ports.floor, '/', {}, JSON.stringify({ payload: payload() }));
  const secrets = await create(ports.postern, '/v1/secrets', callerOf(PROJECT), newSecret());
  for (const [project, count] of Object.entries(PROJECTS)) await seedProject(database, project, count);
  await database.run('analyze');

  const floorGet: Request = { port: ports.floor, method: 'GET', paths: rows, headers: {}, status: 200 };
  const floorPost: Request = { ...post(ports.floor, '/', {}), body: JSON.stringify({ payload: payload() }) };
  const get = (paths: readonly string[], project: string, accept: string): Request => ({
    port: ports.postern,
    method: 'GET',
    paths,
    headers: { ...callerOf(project), Accept: accept },
    status: 200,
  });
  const payloads = secrets.map((path) => `${path}/payload`);
  const list = (name: Workload['name'], collection: string, project: keyof typeof PROJECTS): Workload => ({
    name,
    postern: get([`/v1/${collection}?limit=10`], project, 'application/json'),
    floor: floorGet,
  });
  return [
    { name: 'payload', postern: get(payloads, PROJECT, 'application/octet-stream'), floor: floorGet },
    { name: 'metadata', postern: get(secrets, PROJECT, 'application/json'), floor: floorGet },
    {
      name: 'create',
      postern: { ...post(ports.postern, '/v1/secrets', callerOf(PROJECT)), body: newSecret() },
      floor: floorPost,
    },
    list('list', 'secrets', 'few'),
    list('list_100k', 'secrets', 'many'),
    list('containers', 'containers', 'few'),
    list('containers_100k', 'containers', 'many'),
    list('orders', 'orders', 'few'),
    list('orders_100k', 'orders', 'many'),
  ];
}

function post(port: number, path: string, headers: Readonly<Record<string, string>>): Request {
  return {
    port,
    method: 'POST',
    paths: [path],
    headers: { ...headers, 'Content-Type': 'application/json' },
    status: 201,
  };
}

/** Paths of what was created. */
async function create(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<readonly string[]> {
  const paths: string[] = [];
  for (let n = 0; n < SECRETS; n += 1) {
    const url = `http://127.0.0.1:${port}${path}`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body,
    });
    const text = await response.text();
    if (response.status !== 201) throw new Error(`POST ${path} answered ${response.status}: ${text}`);
    const { secret_ref: ref } = JSON.parse(text) as { secret_ref: string };
    paths.push(new URL(ref, url).pathname);
  }
  return paths;
}

/** Rows as creating them one by one would leave them (secrets without payloads: a list reads none), and their counters. */
async function seedProject(database: BenchDatabase, project: string, count: number): Promise<void> {
  const numbered = `(
    select n, to_char(timestamp '2026-01-01' + n * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS.US') as at
    from generate_series(1, $2::int) as n) as numbered`;
  await database.run(
    `insert into secrets (id, project_id, creator_id, name, secret_type, algorithm, bit_length, mode, expires_at,
                          created_at, updated_at, state, store, store_ref, content_type, payload_size, version)
     select gen_random_uuid()::text, $1, 'bench-user', 'secret ' || n, 'opaque', 'aes', 256, 'cbc', null,
            at, at, 'active', 'software', n::text, 'application/octet-stream', ${PAYLOAD_BYTES}, 1
     from ${numbered}`,
    [project, count],
  );
  await database.run(
    `insert into containers (id, project_id, creator_id, name, type, created_at, updated_at)
     select gen_random_uuid()::text, $1, 'bench-user', 'container ' || n, 'generic', at, at from ${numbered}`,
    [project, count],
  );
  await database.run(
    `insert into orders (id, project_id, creator_id, type, status, meta, secret_id, store, created_at, updated_at,
                         attempts, version)
     select gen_random_uuid()::text, $1, 'bench-user', 'key', 'ACTIVE',
            '{"name": "bench", "algorithm": "aes", "bit_length": 256, "expiration": null}',
            gen_random_uuid()::text, 'software', at, at, 1, 1
     from ${numbered}`,
    [project, count],
  );
  for (const [table, column] of Object.entries(COUNTERS)) {
    await database.run(`insert into ${table} (project_id, shard, ${column}) values ($1, 0, $2)`, [
      project,
      count,
    ]);
  }
}

const COUNTERS = { secret_counts: 'secrets', container_counts: 'containers', order_counts: 'orders' };
