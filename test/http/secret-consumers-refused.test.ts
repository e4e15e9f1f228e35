import { expect } from 'chai';
import type { Answer, RequestOptions } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { broker, created, denied, expectError, mismatch, NOBODY, NOWHERE } from './wire.ts';

const IMAGE = { service: 'glance', resource_type: 'image', resource_id: 'i-1' };
const consumer = (reason: string, property: string): string => mismatch(reason, property, 'Secret Consumer');
const without = (name: string): object =>
  Object.fromEntries(Object.entries(IMAGE).filter(([key]) => key !== name));
const keys = '🔑'.repeat(255);

/** Bodies of POST and DELETE that are refused alike. */
const BODIES: readonly [body: unknown, description: string][] = [
  [[], consumer("[] is not of type 'object'", 'None')],
  ['"x"', consumer("'x' is not of type 'object'", 'None')],
  ['null', consumer("None is not of type 'object'", 'None')],
  [{}, consumer("'service' is a required property", 'None')],
  ...Object.keys(IMAGE).flatMap((name): [unknown, string][] => [
    [without(name), consumer(`'${name}' is a required property`, 'None')],
    [{ ...IMAGE, [name]: '' }, consumer("'' should be non-empty", name)],
    [{ ...IMAGE, [name]: ' \t\n' }, consumer("'' should be non-empty", name)],
    [{ ...IMAGE, [name]: 1 }, consumer("1 is not of type 'string'", name)],
    [{ ...IMAGE, [name]: null }, consumer("None is not of type 'string'", name)],
    [{ ...IMAGE, [name]: ['x'] }, consumer("['x'] is not of type 'string'", name)],
    [{ ...IMAGE, [name]: 'x'.repeat(256) }, consumer(`'${'x'.repeat(256)}' is too long`, name)],
    [{ ...IMAGE, [name]: 'a\0b' }, consumer("'a\0b' contains a character that cannot be stored", name)],
  ]),
  [
    { service: keys, resource_type: keys, resource_id: keys },
    consumer(`'${keys}' is too long`, 'resource_id'),
  ],
  ['', 'Malformed JSON'],
  ['{"service": ', 'Malformed JSON'],
];

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const UNEXPECTED = "Unexpected content type. Expected content types are: ['application/json']";
const SECRET_MISSING = 'Secret not found.';
const NO_SECRET_ID = 'Not Found. Provided secret id is invalid.';
const NO_IDS = ['x', NOWHERE.toUpperCase(), NOWHERE.replaceAll('-', '')];

describeDatabases('the endpoints of consumers of secrets', (dialect) => {
  const app = broker(dialect);
  let path = '';
  let item = '';
  before(async () => {
    path = await created(app());
    await app().request('POST', `${path}/consumers`, { body: IMAGE });
    const rows = await app().broker.database.knex<{ id: string }>('secret_consumers').select('id');
    item = `${path}/consumers/${rows[0]?.id}`;
  });
  const kept = async (): Promise<void> => {
    const { json } = await app().request('GET', `${path}/consumers`);
    expect((json?.['consumers'] as { service: string }[]).map(({ service }) => service)).to.deep.equal([
      'glance',
    ]);
  };

  for (const method of ['POST', 'DELETE']) {
    const refused = async (options: RequestOptions): Promise<Answer> => {
      const answer = await app().request(method, `${path}/consumers`, options);
      await kept();
      return answer;
    };
    for (const [body, description] of BODIES) {
      it(`${method} refuses ${JSON.stringify(body).slice(0, 70)}`, async () => {
        expectError(await refused({ body, headers: JSON_HEADERS }), 400, description);
      });
    }
    for (const type of ['text/plain', 'application/JSON', '']) {
      it(`${method} refuses the type "${type}"`, async () => {
        const headers = { 'Content-Type': type };
        expectError(await refused({ body: JSON.stringify(IMAGE), headers }), 415, UNEXPECTED);
      });
    }
    it(`${method} without a body is 415`, async () => {
      expectError(await refused({}), 415, UNEXPECTED);
    });
    it(`${method} refuses too much`, async () => {
      const body = { ...IMAGE, more: 'x'.repeat(30_000) };
      expectError(await refused({ body }), 413, 'Provided information too large to process');
    });
  }

  const OPERATIONS: readonly [method: string, operation: string][] = [
    ['GET', 'SecretConsumers(s) retrieval'],
    ['POST', 'SecretConsumer creation'],
    ['DELETE', 'SecretConsumer deletion'],
  ];
  for (const [method, operation] of OPERATIONS) {
    const ask = (at: string, options: RequestOptions = {}): Promise<Answer> =>
      app().request(method, at, { body: 'garbage', as: NOBODY, ...options });
    it(`${method} without rights is 403, whatever is sent`, async () => {
      expectError(await ask(`${path}/consumers`), 403, denied(operation));
    });
    it(`${method} on an unknown secret is 404`, async () => {
      expectError(await ask(`/v1/secrets/${NOWHERE}/consumers`), 404, SECRET_MISSING);
      for (const id of NO_IDS) expectError(await ask(`/v1/secrets/${id}/consumers`), 404, NO_SECRET_ID);
    });
    it(`${method} for whom JSON is not acceptable is 406`, async () => {
      expectError(await ask(`${path}/consumers`, { headers: { Accept: 'text/plain' } }), 406, null);
    });
  }

  it('one without rights is 403', async () => {
    expectError(await app().request('GET', item, { as: NOBODY }), 403, denied('SecretConsumer retrieval'));
  });
  it('one for whom JSON is not acceptable is 406', async () => {
    expectError(await app().request('GET', item, { headers: { Accept: 'text/plain' } }), 406, null);
  });
  it('one that is not there is 404', async () => {
    const get = (at: string): Promise<Answer> => app().request('GET', at, { as: NOBODY });
    expectError(await get(`${path}/consumers/${NOWHERE}`), 404, 'Consumer not found.');
    for (const id of NO_IDS) {
      const description = 'Not Found. Provided consumer id is invalid.';
      expectError(await get(`${path}/consumers/${id}`), 404, description);
    }
    expectError(await get(item.replace(/secrets\/[^/]+/, `secrets/${NOWHERE}`)), 404, SECRET_MISSING);
    expectError(await get(item.replace(/secrets\/[^/]+/, 'secrets/x')), 404, NO_SECRET_ID);
  });
  it('below one there is nothing', async () => {
    expectError(await app().request('GET', `${item}/x`), 404, '');
  });

  const ALLOWED: readonly [at: () => string, allow: string, methods: readonly string[]][] = [
    [() => `${path}/consumers`, 'DELETE, GET, POST', ['PUT', 'PATCH', 'HEAD', 'TRACE']],
    [() => item, 'GET', ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'TRACE']],
  ];
  for (const [at, allow, methods] of ALLOWED) {
    for (const method of methods) {
      it(`${method} where only ${allow} is supported`, async () => {
        const answer = await app().request(method, at());
        expect([answer.status, answer.headers.allow]).to.deep.equal([405, allow]);
        if (method !== 'HEAD') expectError(answer, 405, '');
        await kept();
      });
    }
  }
});
