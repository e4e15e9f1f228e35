import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Answer, Persona, RequestOptions } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { broker, created, expectError, expectNoContent, JSON_TYPE, TEXT } from './wire.ts';

const IMAGE = { service: 'glance', resource_type: 'image', resource_id: 'i-1' };
const VOLUME = { service: 'cinder', resource_type: 'volume', resource_id: 'v-1' };
const MISSING = 'Consumer not found.';
const NOT_ONES_OWN = 'Not Allowed. Sorry, only the creator of a consumer can delete it.';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/;

const PEER: Persona = { user: 'u-peer', project: 'p-1', roles: ['creator'] };
/** On the read list of every secret here, from a project that never made anything. */
const STRANGER: Persona = { user: 'u-shared', project: 'p-stranger', roles: [] };
/** The same user with a token of a project that has made a secret of its own. */
const NEIGHBOUR: Persona = { user: 'u-shared', project: 'p-neighbour', roles: ['creator'] };

/** Bodies of POST, and what is registered. */
const REGISTERED: readonly [name: string, body: object, stored: object][] = [
  ['a consumer', IMAGE, IMAGE],
  ['space around', { service: ' glance\n', resource_type: '\timage', resource_id: ' i-1 ' }, IMAGE],
  ['other properties', { ...IMAGE, name: 'x', status: 'ERROR', external_project_id: 'y' }, IMAGE],
  ['any script', { ...IMAGE, resource_id: 'ключ 鍵 🔑 "\\' }, { ...IMAGE, resource_id: 'ключ 鍵 🔑 "\\' }],
  ...(['service', 'resource_type', 'resource_id'] as const).map((name): [string, object, object] => {
    const long = { ...IMAGE, [name]: 'x'.repeat(255) };
    return [`255 characters of ${name}`, long, long];
  }),
];

describeDatabases('consumers of secrets', (dialect) => {
  const app = broker(dialect);
  const fresh = async (...consumers: readonly object[]): Promise<string> => {
    const path = await created(app(), TEXT);
    for (const body of consumers) await post(path, body);
    return path;
  };
  const post = async (path: string, body: object, options: RequestOptions = {}): Promise<Answer> => {
    const answer = await app().request('POST', `${path}/consumers/`, { ...options, body });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers['content-type']).to.equal(JSON_TYPE);
    return answer;
  };
  const remove = (path: string, body: object, as?: Persona): Promise<Answer> =>
    app().request('DELETE', `${path}/consumers`, { body, ...(as && { as }) });
  const share = async (path: string): Promise<void> => {
    const body = { read: { users: ['u-shared'] } };
    expect((await app().request('PUT', `${path}/acl`, { body })).status).to.equal(200);
  };
  const at = (version: string): RequestOptions => ({
    headers: { 'OpenStack-API-Version': `key-manager ${version}` },
  });
  const consumersOf = async (path: string): Promise<unknown> =>
    (await app().request('GET', path, at('1.1'))).json?.['consumers'];

  describe('POST', () => {
    for (const [name, body, stored] of REGISTERED) {
      it(`registers ${name}`, async () => {
        const path = await fresh();
        expect((await post(path, body)).json?.['consumers']).to.deep.equal([stored]);
        expect(await consumersOf(path)).to.deep.equal([stored]);
      });
    }

    for (const version of ['1.0', '1.1', '1.2']) {
      it(`answers the whole secret at ${version}`, async () => {
        const path = await fresh(VOLUME);
        const answer = await post(path, IMAGE, at(version));
        expect(answer.headers.location).to.equal(`${app().url}${path}/consumers`);
        expect(answer.text).to.equal((await app().request('GET', path, at('1.1'))).text);
        expect(JSON.stringify(answer.json?.['consumers'])).to.equal(JSON.stringify([VOLUME, IMAGE]));
      });
    }

    it('moves the time of the secret, once', async () => {
      const path = await fresh();
      const before = (await app().request('GET', path)).json?.['updated'];
      const first = (await post(path, IMAGE)).json?.['updated'];
      expect(String(first) > String(before)).to.equal(true);
      expect((await post(path, IMAGE)).json?.['updated']).to.equal(first);
      expect((await app().request('GET', path)).json?.['updated']).to.equal(first);
    });

    it('of what is registered changes nothing, whoever asks', async () => {
      const path = await fresh(IMAGE, VOLUME);
      await share(path);
      const list = await app().request('GET', `${path}/consumers`);
      for (const options of [{}, { as: PEER }, { as: STRANGER }]) {
        expect((await post(path, IMAGE, options)).json?.['consumers']).to.deep.equal([IMAGE, VOLUME]);
      }
      expect((await app().request('GET', `${path}/consumers`)).text).to.equal(list.text);
      expectError(await remove(path, IMAGE, STRANGER), 404, MISSING);
    });

    it('brings back what was removed', async () => {
      const path = await fresh(IMAGE);
      expect((await remove(path, IMAGE)).status).to.equal(200);
      expect((await post(path, IMAGE)).json?.['consumers']).to.deep.equal([IMAGE]);
    });

    it('tells triples apart that differ in one part, and secrets', async () => {
      const others = ['service', 'resource_type', 'resource_id'].map((name) => ({ ...IMAGE, [name]: 'x' }));
      const [path, other] = [await fresh(IMAGE, ...others), await fresh(IMAGE)];
      expect(await consumersOf(path)).to.deep.equal([IMAGE, ...others]);
      await remove(path, IMAGE);
      expect(await consumersOf(path)).to.deep.equal(others);
      expect(await consumersOf(other)).to.deep.equal([IMAGE]);
    });

    it('of the same many times at once registers one', async () => {
      const path = await fresh();
      await share(path);
      const people = [{}, { as: PEER }, { as: STRANGER }, {}, { as: PEER }, { as: STRANGER }];
      await Promise.all(people.map((options) => post(path, IMAGE, options)));
      expect(await consumersOf(path)).to.deep.equal([IMAGE]);
    });

    it('of many at once registers all', async () => {
      const path = await fresh();
      const bodies = Array.from({ length: 12 }, (_, n) => ({ ...IMAGE, resource_id: `i-${n + 10}` }));
      await Promise.all(bodies.map((body) => post(path, body)));
      expect(await consumersOf(path)).to.have.deep.members(bodies);
    });

    it('while the secret is deleted is done or is 404', async () => {
      for (let round = 0; round < 8; round += 1) {
        const path = await fresh();
        const [gone, ...answers] = await Promise.all([
          app().request('DELETE', path),
          ...[IMAGE, VOLUME].map((body) => app().request('POST', `${path}/consumers`, { body })),
        ]);
        expectNoContent(gone);
        for (const answer of answers) {
          if (answer.status !== 200) expectError(answer, 404, 'Secret not found.');
        }
      }
    });
  });

  describe('DELETE', () => {
    it('answers the whole secret with those that are left', async () => {
      const path = await fresh(IMAGE, VOLUME);
      const answer = await remove(path, { ...IMAGE, service: ' glance ', more: 1 });
      expect(answer.status).to.equal(200);
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
      expect(answer.text).to.equal((await app().request('GET', path, at('1.1'))).text);
      expect(answer.json?.['consumers']).to.deep.equal([VOLUME]);
      expect((await remove(path, VOLUME)).json?.['consumers']).to.deep.equal([]);
    });

    it('of what is not there is 404', async () => {
      const path = await fresh(IMAGE);
      for (const name of ['service', 'resource_type', 'resource_id']) {
        expectError(await remove(path, { ...IMAGE, [name]: 'x' }), 404, MISSING);
      }
      await remove(path, IMAGE);
      expectError(await remove(path, IMAGE), 404, MISSING);
    });

    it('of the same twice at once is done once', async () => {
      const path = await fresh(IMAGE);
      const answers = await Promise.all([remove(path, IMAGE), remove(path, IMAGE), remove(path, IMAGE)]);
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 404, 404]);
    });

    it('is for the project that registered it and for that of the secret', async () => {
      const path = await fresh(VOLUME);
      await share(path);
      await created(app(), TEXT, { as: NEIGHBOUR });
      expectError(await remove(path, VOLUME, NEIGHBOUR), 403, NOT_ONES_OWN);
      await post(path, IMAGE, { as: NEIGHBOUR });
      expect((await remove(path, IMAGE, NEIGHBOUR)).json?.['consumers']).to.deep.equal([VOLUME]);
      await post(path, IMAGE, { as: NEIGHBOUR });
      expect((await remove(path, IMAGE, PEER)).json?.['consumers']).to.deep.equal([VOLUME]);
    });

    it('shows nothing to a project that never made anything', async () => {
      const path = await fresh(VOLUME);
      await share(path);
      const stranger = { ...STRANGER, project: randomUUID() };
      expectError(await remove(path, VOLUME, stranger), 404, MISSING);
      await post(path, IMAGE, { as: stranger });
      expectError(await remove(path, VOLUME, stranger), 403, NOT_ONES_OWN);
    });

    it('in chunks takes its body too', async () => {
      const path = await fresh(IMAGE);
      const headers = { 'Content-Type': 'application/json; charset=utf-8' };
      const answer = await app().request('DELETE', `${path}/consumers`, {
        body: JSON.stringify(IMAGE),
        headers,
      });
      expect(answer.json?.['consumers']).to.deep.equal([]);
    });
  });

  it('all go with their secret, however many', async () => {
    const path = await fresh();
    const { services, database } = app().broker;
    const secretId = path.split('/').at(-1) as never;
    for (let n = 0; n < 25; n += 1) {
      const consumer = { service: 's', resourceType: 't', resourceId: `${n}` };
      await services.secretConsumers.register(secretId, 'p-1' as never, consumer, services.clock());
    }
    expectNoContent(await app().request('DELETE', path));
    expect(await database.knex('secret_consumers').where({ secret_id: secretId })).to.deep.equal([]);
  });

  describe('GET of the list', () => {
    const KEYS = ['created', 'updated', 'status', 'service', 'resource_type', 'resource_id'];
    const get = (path: string): Promise<Answer> => app().request('GET', path);

    it('shows exactly six keys an item', async () => {
      const path = await fresh(IMAGE);
      const { json, headers } = await get(`${path}/consumers`);
      expect(headers['content-type']).to.equal(JSON_TYPE);
      const [item = {}] = json?.['consumers'] as Record<string, unknown>[];
      expect(Object.keys(item)).to.deep.equal(KEYS);
      const { created: first, updated, ...rest } = item;
      expect(rest).to.deep.equal({ status: 'ACTIVE', ...IMAGE });
      expect(first).to.match(TIME);
      expect(updated).to.equal(first);
      expect(Object.keys(json ?? {})).to.deep.equal(['consumers', 'total']);
      expect(json?.['total']).to.equal(1);
    });

    it('of none is empty, at whatever offset', async () => {
      const path = await fresh();
      for (const query of ['', '?offset=5', '?limit=1&offset=1']) {
        expect((await get(`${path}/consumers${query}`)).text).to.equal('{"consumers":[],"total":0}');
      }
    });

    it('is paged in the order of registration, links keeping other parameters', async () => {
      const bodies = Array.from({ length: 13 }, (_, n) => ({ ...IMAGE, resource_id: `i-${99 - n}` }));
      const path = await fresh(...bodies);
      const seen: unknown[] = [];
      let next: unknown = `${app().url}${path}/consumers?foo=a+b`;
      const pages: unknown[] = [];
      while (typeof next === 'string') {
        const { json } = await get(next.slice(app().url.length));
        for (const item of json?.['consumers'] as { resource_id: string }[]) seen.push(item.resource_id);
        pages.push([json?.['previous'], json?.['total']]);
        next = json?.['next'];
      }
      expect(seen).to.deep.equal(bodies.map((body) => body.resource_id));
      const url = `${app().url}${path}/consumers`;
      expect(pages).to.deep.equal([
        [undefined, 13],
        [`${url}?limit=10&offset=0&foo=a+b`, 13],
      ]);
      const { json } = await get(`${path}/consumers?limit=0&offset=1`);
      expect(json?.['consumers']).to.have.length(1);
      expect([json?.['previous'], json?.['next']]).to.deep.equal([
        `${url}?limit=1&offset=0`,
        `${url}?limit=1&offset=2`,
      ]);
    });
  });

  describe('GET of one', () => {
    const idOf = async (path: string): Promise<string> => {
      const secret_id = path.split('/').at(-1);
      const row = (await app().broker.database.knex('secret_consumers').where({ secret_id }).first()) as {
        id: string;
      };
      return row.id;
    };

    it('is an item of the list, without wrapper', async () => {
      const path = await fresh(IMAGE);
      const answer = await app().request('GET', `${path}/consumers/${await idOf(path)}`);
      expect([answer.status, answer.headers['content-type']]).to.deep.equal([200, JSON_TYPE]);
      const list = (await app().request('GET', `${path}/consumers`)).json?.['consumers'] as object[];
      expect(answer.text).to.equal(JSON.stringify(list[0]));
    });

    it('is looked for inside the secret only', async () => {
      const [path, other] = [await fresh(IMAGE), await fresh(IMAGE)];
      expectError(await app().request('GET', `${other}/consumers/${await idOf(path)}`), 404, MISSING);
    });
  });
});
