import { expect } from 'chai';
import { startApp, type Answer, type TestApp } from '../helpers/app.ts';
import {
  databases,
  isRequired,
  skipAloud,
  type TestDatabase,
  type TestDialect,
} from '../helpers/databases.ts';
import { rowsOf, until } from './broker-process.ts';
import { pathOf, textSecret } from './client.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** Nobody is kept waiting longer than this for a database that says nothing. */
const PATIENCE_MS = 12_000;
const BACK_MS = 20_000;

const postgres = databases().find(({ name }) => name === 'pg')!;

describe('a database that is away [pg]', function () {
  this.timeout(4 * BACK_MS);
  if (postgres.absent !== undefined) {
    skipAloud(postgres.absent, isRequired('postgres'));
    return;
  }
  let direct: TestDatabase;
  let proxy: TcpProxy;
  let app: TestApp;
  let secret: string;
  let empty: string;

  before(async () => {
    direct = await postgres.open();
    const { hostname, port } = new URL(connectionOf(direct));
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    app = await startApp({ dialect: through(direct, proxy) });
    secret = pathOf(await app.request('POST', '/v1/secrets', { body: textSecret('hello') }));
    empty = pathOf(await app.request('POST', '/v1/secrets', { body: { name: 'empty' } }));
  });
  after(async () => {
    await proxy.restore();
    await app.close();
    await proxy.close();
    await direct.close();
  });

  /** One request of every kind that needs the database. */
  const everyKind = (): readonly (readonly [string, () => Promise<Answer>])[] => [
    ['metadata', () => app.request('GET', secret)],
    ['payload', () => app.request('GET', `${secret}/payload`)],
    ['unknown id', () => app.request('GET', '/v1/secrets/6f5e7a56-19a8-4b9a-a7f6-64e1d7a6ff01')],
    ['list', () => app.request('GET', '/v1/secrets')],
    ['create', () => app.request('POST', '/v1/secrets', { body: textSecret('lost') })],
    [
      'create of a new project',
      () =>
        app.request('POST', '/v1/secrets', {
          body: textSecret('x'),
          as: { user: 'u', project: `p-${Math.random()}`, roles: ['creator'] },
        }),
    ],
    [
      'second step',
      () => app.request('PUT', empty, { body: 'x', headers: { 'Content-Type': 'text/plain' } }),
    ],
    ['user metadata', () => app.request('PUT', `${secret}/metadata`, { body: { metadata: { a: 'b' } } })],
    ['delete', () => app.request('DELETE', secret)],
  ];

  const expectUnavailable = (kind: string, { status, headers, json, text }: Answer): void => {
    expect(status, `${kind}: ${text} ${app.logged().split('\n').at(-2)}`).to.equal(503);
    expect(headers).to.include({ 'retry-after': '5', 'content-type': 'application/json' });
    expect(json).to.include({ code: 503, title: 'Service Unavailable' });
    expect(json).to.have.property('description').that.is.a('string');
  };
  /** Soon, and without a word on why. */
  const expectUnready = async (): Promise<void> => {
    const began = Date.now();
    const { status, json } = await app.request('GET', '/ready');
    expect(Date.now() - began).to.be.below(6_000);
    expect(status).to.equal(503);
    expect(json).to.deep.equal({
      status: 'unready',
      database: 'unavailable',
      stores: { software: 'unavailable' },
    });
  };
  const expectBack = async (): Promise<void> => {
    const read = await until(
      async () => {
        const answer = await app.request('GET', `${secret}/payload`);
        if (answer.status === 200) return answer;
        expectUnavailable('payload', answer);
        return undefined;
      },
      'the broker to find its database again',
      BACK_MS,
    );
    expect(read.text).to.equal('hello');
    expect((await app.request('POST', '/v1/secrets', { body: textSecret('again') })).status).to.equal(201);
    expect((await app.request('GET', empty)).json).to.not.have.property('content_types');
  };

  it('is 503 for every kind of request while nothing listens, and found again without a restart', async () => {
    await proxy.cut();
    for (const [kind, ask] of everyKind()) expectUnavailable(kind, await ask());
    expect((await app.request('GET', '/healthcheck')).status).to.equal(200);
    await expectUnready();
    await proxy.restore();
    await expectBack();
    expect((await app.request('GET', '/ready')).status).to.equal(200);
  });

  it('is 503 in time for every kind of request while it says nothing, and found again', async () => {
    await app.request('GET', secret);
    proxy.freeze();
    const began = Date.now();
    const answers = await Promise.all(everyKind().map(async ([kind, ask]) => [kind, await ask()] as const));
    for (const [kind, answer] of answers) expectUnavailable(kind, answer);
    expect(Date.now() - began).to.be.below(PATIENCE_MS);
    await expectUnready();
    await proxy.restore();
    await expectBack();
  });

  it('is left behind when it hangs: new connections serve as soon as they can be made', async () => {
    await app.request('GET', secret);
    proxy.freeze();
    expectUnavailable('payload', await app.request('GET', `${secret}/payload`));
    // The frozen connections stay frozen for good; what comes after them is a new server.
    await proxy.cut();
    await proxy.restore();
    await expectBack();
  });

  it('breaks requests under way into whole answers and 503, nothing else', async () => {
    let stop = false;
    const seen: number[] = [];
    const clients = Array.from({ length: 8 }, async () => {
      while (!stop) {
        const answer = await app.request('GET', `${secret}/payload`);
        seen.push(answer.status);
        if (answer.status === 200) expect(answer.text).to.equal('hello');
        else expectUnavailable('payload', answer);
      }
    });
    for (let round = 0; round < 5; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await proxy.cut();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await proxy.restore();
    }
    stop = true;
    await Promise.all(clients);
    expect(seen).to.include.members([200, 503]);
    await expectBack();
  });

  it('that ends our sessions (a restart, a failover) is found again', async () => {
    await rowsOf(
      direct.options,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${NAME}'`,
    );
    await expectBack();
  });
});

const NAME = 'postern-outage-test';

function connectionOf({ options }: TestDatabase): string {
  if (options.client !== 'pg') throw new Error('not PostgreSQL');
  return options.connection;
}

function through(direct: TestDatabase, proxy: TcpProxy): TestDialect {
  const url = new URL(connectionOf(direct));
  url.port = String(proxy.port);
  url.searchParams.set('application_name', NAME);
  const options = { client: 'pg', connection: url.href, pool: { max: 4 } } as const;
  return {
    name: 'pg',
    absent: undefined,
    open: () => Promise.resolve({ ...direct, options, close: () => Promise.resolve() }),
  };
}
