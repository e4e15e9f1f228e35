import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createApp } from '../../src/http/app.ts';
import { createHttpServer } from '../../src/http/server.ts';
import type { PolicyEngine } from '../../src/policy/engine.ts';
import type { Database } from '../../src/repositories/database.ts';
import { startApp, type TestApp } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { expectNoLeak, type Place } from './canary-forms.ts';
import { pathOf, send, textSecret, type Answer, type Sent } from './client.ts';

/** Longer than the 20,000 bytes a payload may have, and than the 25,000 of a request. */
const OVERSIZE = 30_000;

const canary = (): Buffer => Buffer.from(`Canary${randomBytes(18).toString('hex')}`);

describeDatabases('a secret', (dialect) => {
  const masterKey = randomBytes(32);
  const canaries = {
    text: canary(),
    binary: randomBytes(48),
    'second step': canary(),
    refused: canary(),
    token: canary(),
    'master key': masterKey,
    'master key as configured': Buffer.from(masterKey.toString('base64')),
  };
  const marker = `marker-${randomBytes(6).toString('hex')}`;
  const inputs: string[] = [];
  const refusals: Answer[] = [];
  let app: TestApp;
  let server: Server;
  let url: string;

  before(async () => {
    const key = masterKey.toString('base64');
    const software = { name: 'software', kind: 'simple_crypto', master_keys: [{ id: 'canary', key }] };
    app = await startApp({ dialect, config: { stores: { default: 'software', configured: [software] } } });
    server = createHttpServer(
      createApp({ ...app.broker.services, policy: recording(app.broker.services.policy) }),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    await new Promise((resolve) => server.close(resolve));
    await app.close();
  });

  /** Delegates to the real engine and keeps what it was asked. */
  const recording = (real: PolicyEngine): PolicyEngine => ({
    revision: real.revision,
    mode: real.mode,
    decide: (input) => {
      inputs.push(JSON.stringify(input));
      return real.decide(input);
    },
    close: () => real.close(),
  });

  const TOKENS = ['X-Auth-Token', 'X-Service-Token', 'X-Subject-Token', 'Authorization', 'Cookie'];
  const ask = (method: string, path: string, sent: Sent = {}): Promise<Answer> => {
    const tokens = Object.fromEntries(TOKENS.map((name) => [name, canaries.token.toString()]));
    return send(url, method, path, { ...sent, headers: { ...tokens, ...sent.headers } });
  };
  const refused = async (method: string, path: string, sent: Sent = {}): Promise<void> => {
    const answer = await ask(method, path, sent);
    expect(answer.status, `${method} ${path}: ${answer.text}`).to.be.within(400, 599);
    refusals.push(answer);
  };
  const places = async (): Promise<readonly Place[]> => [
    { name: 'the log', bytes: Buffer.from(app.logged()) },
    { name: 'the audit', bytes: Buffer.from(app.audited()), control: 'secrets:post' },
    { name: 'the policy input', bytes: Buffer.from(inputs.join('\n')), control: marker },
    {
      name: 'error bodies',
      bytes: Buffer.concat(refusals.map((answer) => answer.bytes)),
      control: '"code":',
    },
    { name: 'error headers', bytes: Buffer.from(JSON.stringify(refusals.map((answer) => answer.headers))) },
    { name: 'the database', bytes: await databaseBytes(app), control: marker },
  ];

  it('leaves no trace when it is stored and read', async () => {
    const text = pathOf(
      await ask('POST', '/v1/secrets', { body: { ...textSecret(canaries.text.toString()), name: marker } }),
    );
    const payload = canaries.binary.toString('base64');
    const types = { payload_content_type: 'application/octet-stream', payload_content_encoding: 'base64' };
    const binary = pathOf(await ask('POST', '/v1/secrets', { body: { payload, ...types } }));
    const later = pathOf(await ask('POST', '/v1/secrets', { body: { name: marker } }));
    const step = { body: canaries['second step'], headers: { 'Content-Type': 'text/plain' } };
    expect((await ask('PUT', later, step)).status).to.equal(204);

    for (const [path, stored] of [
      [text, canaries.text],
      [binary, canaries.binary],
      [later, canaries['second step']],
    ] as const) {
      expect((await ask('GET', `${path}/payload`)).bytes.equals(stored)).to.equal(true);
      expect((await ask('GET', path)).status).to.equal(200);
      await refused('PUT', path, step);
      await refused('GET', `${path}/payload`, { headers: { Accept: 'image/png' } });
      await refused('GET', `${path}/payload`, { roles: 'none' });
    }
    await refused('GET', `${binary}/payload`, { headers: { Accept: 'text/plain' } });
    expectNoLeak(await places(), canaries);
  });

  it('leaves no trace when its request is refused', async () => {
    const secret = canaries.refused.toString();
    const type = { payload_content_type: 'text/plain' };
    const json = (body: string): Sent => ({ body, headers: { 'Content-Type': 'application/json' } });
    const bodies: readonly unknown[] = [
      { payload: [secret], ...type },
      { payload: { a: secret }, ...type },
      { payload: secret },
      { payload: secret, payload_content_type: 'text/nonsense' },
      { payload: secret, payload_content_type: null },
      { payload: secret, payload_content_type: 'application/octet-stream' },
      {
        payload: `${secret}!`,
        payload_content_type: 'application/octet-stream',
        payload_content_encoding: 'base64',
      },
      {
        payload: `${secret}é`,
        payload_content_type: 'application/octet-stream',
        payload_content_encoding: 'base64',
      },
      { payload: secret, payload_content_encoding: 'base64', ...type },
      { payload: secret, ...type, name: 7 },
      { payload: secret, ...type, expiration: '1999-01-01' },
      { payload: secret, ...type, transport_key_id: 'x' },
      { payload: secret.repeat(OVERSIZE / secret.length), ...type },
      { payload: secret.repeat(20_500 / secret.length), ...type },
      [secret],
      [{ payload: secret }],
    ];
    for (const body of bodies) await refused('POST', '/v1/secrets', { body });
    for (const body of [
      `{"payload": "${secret}"`,
      `{"payload": "${secret}" x}`,
      secret,
      `"${secret}"`,
      `{"payload": ${secret}}`,
    ]) {
      await refused('POST', '/v1/secrets', json(body));
      await refused('POST', '/v1/secrets', { body });
    }
    await refused('POST', '/v1/secrets', { body: textSecret(secret), roles: 'observer' });
    await refused('POST', '/v1/secrets', { body: textSecret(secret), headers: { Accept: 'image/png' } });
    await refused('POST', '/v1/secrets', {
      body: textSecret(secret),
      headers: { 'OpenStack-API-Version': 'key-manager 9.9' },
    });

    const path = pathOf(await ask('POST', '/v1/secrets', { body: { name: marker } }));
    const step = (headers: Readonly<Record<string, string>>, body = secret): Sent => ({ body, headers });
    await refused('PUT', path, step({ 'Content-Type': 'application/json' }));
    await refused(
      'PUT',
      path,
      step({ 'Content-Type': 'text/plain' }, secret.repeat(OVERSIZE / secret.length)),
    );
    await refused(
      'PUT',
      path,
      step({ 'Content-Type': 'application/octet-stream', 'Content-Encoding': 'gzip' }),
    );
    await refused(
      'PUT',
      path,
      step({ 'Content-Type': 'application/octet-stream', 'Content-Encoding': 'base64' }, `${secret}!`),
    );
    await refused('PUT', path, { ...step({ 'Content-Type': 'text/plain' }), roles: 'observer' });
    expectNoLeak(await places(), canaries);
  });

  it('leaves no trace when the broker fails', async () => {
    const { database } = app.broker;
    const path = pathOf(await ask('POST', '/v1/secrets', { body: textSecret(canaries.text.toString()) }));
    const empty = pathOf(await ask('POST', '/v1/secrets', { body: { name: marker } }));
    await database
      .knex('sealed_payloads')
      .update({ blob: Buffer.concat([Buffer.from('KBP1'), randomBytes(80)]) });
    await refused('GET', `${path}/payload`);
    await database.knex.raw('alter table sealed_payloads rename to gone');
    const step = { body: canaries['second step'], headers: { 'Content-Type': 'text/plain' } };
    await refused('GET', `${path}/payload`);
    await refused('PUT', empty, step);
    await refused('POST', '/v1/secrets', { body: textSecret(canaries.refused.toString()) });
    await database.knex.raw('alter table gone rename to sealed_payloads');
    const value = `value-${randomBytes(6).toString('hex')}`;
    await database.knex.raw('alter table secrets rename to gone');
    expect((await ask('POST', '/v1/secrets', { body: { name: value } })).status).to.equal(500);
    await database.knex.raw('alter table gone rename to secrets');
    expect(app.logged()).to.include('"level":"error"');
    expect(app.logged(), 'values bound to a statement stay out of the log').to.not.include(value);
    expectNoLeak(await places(), canaries);
  });
});

/** Every byte of the database: files as they lie on the disk, or each row of each table as text. */
async function databaseBytes({ broker: { database }, config }: TestApp): Promise<Buffer> {
  if (config.database.client === 'pg') return Buffer.from(await tablesAsText(database));
  const { filename } = config.database;
  const files = [filename, `${filename}-wal`, `${filename}-shm`].filter((file) => existsSync(file));
  return Buffer.concat(files.map((file) => readFileSync(file)));
}

async function tablesAsText({ knex }: Database): Promise<string> {
  const named = await knex.raw<{ rows: readonly { readonly tablename: string }[] }>(
    'select tablename from pg_tables where schemaname = current_schema()',
  );
  const texts = await Promise.all(
    named.rows.map(async ({ tablename }) => {
      const sql = 'select t::text as line from ?? t';
      const { rows } = await knex.raw<{ rows: readonly { readonly line: string }[] }>(sql, [tablename]);
      return rows.map(({ line }) => line).join('\n');
    }),
  );
  return texts.join('\n');
}
