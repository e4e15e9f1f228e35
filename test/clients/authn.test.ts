import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { RunningBroker } from './broker.ts';
import { startForwarder, type Forwarder } from './forwarder.ts';
import { keystoneIdentity } from './identities.ts';
import { logIn, logInWithCredential, readSeed, revoke, userOf, type Seed } from './keystone.ts';
import { asJson, jsonOf, send, type Answer } from './request.ts';
import { requireServices } from './services.ts';
import { describeBroker } from './suites.ts';

type Headers = Readonly<Record<string, string>>;

/** Of one file on one machine; the catalogue's port stays free for the suites that need it. */
const URL = 'http://127.0.0.1:9312';
/** The broker gives up on a silent Keystone after this long. */
const TIMEOUT_SECONDS = 3;

// The numbers are the rows of the tier `authn` in policy-matrix.csv. Rows 19, 20 and 31 are settings that this broker
// does not offer; row 25, a token with an empty list of access rules, is one that Keystone never issues.
describeBroker(
  'credentials',
  ['keystone'],
  (database) => ({ database, identity: keystoneIdentity(readSeed()), url: URL }),
  (broker) => {
    let seed: Seed;
    let writer: string;
    let service: string;
    before('log in', async () => {
      seed = readSeed();
      writer = await logIn(seed, 'writer-a');
      service = await logIn(seed, 'compute');
    });
    const list = (headers: Headers): Promise<Answer> => send(`${broker().url}/v1/secrets`, { headers });

    describe('of a user', () => {
      it('authn-0001: none', async () => expectUnauthorized(await list({}), seed));
      it('authn-0002: unknown', async () =>
        expectUnauthorized(await list({ 'X-Auth-Token': 'unknown' }), seed));
      it('an empty token', async () => expectUnauthorized(await list({ 'X-Auth-Token': '' }), seed));
      it('a token of 3500 characters', async () =>
        expectUnauthorized(await list({ 'X-Auth-Token': 'a'.repeat(3500) }), seed));
      it('authn-0003: a project token', async () => expectOk(await list({ 'X-Auth-Token': writer })));
      it('authn-0004: in X-Storage-Token', async () => expectOk(await list({ 'X-Storage-Token': writer })));
      it('authn-0005: surrounded by spaces', async () =>
        expectOk(await list({ 'X-Auth-Token': `  ${writer}  ` })));
      it('authn-0013: system-scoped', async () =>
        expectUnauthorized(await list({ 'X-Auth-Token': await logIn(seed, 'writer-a', 'system') }), seed));
      it('authn-0014: domain-scoped', async () =>
        expectUnauthorized(await list({ 'X-Auth-Token': await logIn(seed, 'writer-a', 'domain') }), seed));
      it('authn-0015: unscoped', async () =>
        expectUnauthorized(await list({ 'X-Auth-Token': await logIn(seed, 'writer-a', 'unscoped') }), seed));
      it('a revoked token', async () => {
        const token = await logIn(seed, 'writer-a');
        await revoke(seed, token);
        expectUnauthorized(await list({ 'X-Auth-Token': token }), seed);
      });
      it('authn-0032: none is needed to see the versions', async () => {
        expect((await send(`${broker().url}/`)).status).to.equal(300);
      });
    });

    describe('with a service token', () => {
      it('authn-0009: without a service role', async () => {
        const headers = { 'X-Auth-Token': writer, 'X-Service-Token': await logIn(seed, 'member-a') };
        expectUnauthorized(await list(headers), seed);
      });
      it('authn-0010: unknown', async () =>
        expectUnauthorized(await list({ 'X-Auth-Token': writer, 'X-Service-Token': 'unknown' }), seed));
      it('authn-0011: valid', async () =>
        expectOk(await list({ 'X-Auth-Token': writer, 'X-Service-Token': service })));
      it('authn-0012: alone', async () =>
        expectUnauthorized(await list({ 'X-Service-Token': service }), seed));
      // The original lets the service token's scope overwrite the user's, and answers 403. We keep two principals apart.
      it('authn-0021: system-scoped, which changes nothing', async () => {
        const system = await logIn(seed, 'compute', 'system');
        expectOk(await list({ 'X-Auth-Token': writer, 'X-Service-Token': system }));
      });
      it("adds no right to the user's", async () => {
        const nobody = await logIn(seed, 'nobody-a');
        const answer = await list({ 'X-Auth-Token': nobody, 'X-Service-Token': service });
        expect(answer.status).to.equal(403);
      });
    });

    describe('forged headers', () => {
      const forged = (project: string): Headers => ({
        'X-Roles': 'admin',
        'X-Role': 'admin',
        'X-Project-Id': project,
        'X-Tenant-Id': project,
        'X-User-Id': 'somebody',
        'X-Identity-Status': 'Confirmed',
        'X-Service-Roles': 'service',
        'X-Service-Identity-Status': 'Confirmed',
        'X-Is-Admin-Project': 'True',
      });
      it('authn-0016: beside a token are ignored', async () => {
        const project = userOf(seed, 'creator-b').project_id;
        const headers = { ...forged(project), 'OpenStack-System-Scope': 'all', 'X-Auth-Token': writer };
        expectOk(await list(headers));
        const reader = { ...headers, 'X-Auth-Token': await logIn(seed, 'nobody-a') };
        expect((await list(reader)).status).to.equal(403);
        const made = await send(`${URL}/v1/secrets`, {
          ...asJson(writer, 'POST', { name: 'forged' }),
          headers: { ...headers, 'Content-Type': 'application/json' },
        });
        const seen = await send(String(jsonOf(made)['secret_ref']), { headers: { 'X-Auth-Token': writer } });
        expect(jsonOf(seen)['creator_id']).to.equal(userOf(seed, 'writer-a').id);
      });
      it('authn-0017: are no token', async () =>
        expectUnauthorized(await list(forged(userOf(seed, 'creator-a').project_id)), seed));
    });

    describe('of an application', () => {
      const withCredential = async (name: string, path: string, headers: Headers = {}): Promise<Answer> =>
        send(`${broker().url}${path}`, {
          headers: { ...headers, 'X-Auth-Token': await logInWithCredential(seed, name) },
        });
      it('authn-0022: GET /v1/secrets allowed', async () =>
        expectOk(await withCredential('list-secrets', '/v1/secrets')));
      it('authn-0023: another path', async () =>
        expectUnauthorized(await withCredential('list-secrets', '/v1/containers'), seed));
      it('authn-0023: a path below', async () => {
        const made = await send(`${URL}/v1/secrets`, asJson(writer, 'POST', { name: 'below' }));
        const path = String(jsonOf(made)['secret_ref']).slice(URL.length);
        expectUnauthorized(await withCredential('list-secrets', path), seed);
        expectOk(await withCredential('below-secrets', path));
      });
      it('authn-0024: POST only', async () =>
        expectUnauthorized(await withCredential('create-secrets', '/v1/secrets'), seed));
      it('authn-0026: ** does not match the bare collection', async () =>
        expectUnauthorized(await withCredential('below-secrets', '/v1/secrets'), seed));
      it('authn-0027: the query string is not part of the path', async () =>
        expectOk(await withCredential('list-secrets', '/v1/secrets?limit=1')));
      it('authn-0028: a valid service token lifts the rules', async () =>
        expectOk(await withCredential('create-secrets', '/v1/secrets', { 'X-Service-Token': service })));
      it('authn-0030: no rules', async () => expectOk(await withCredential('unrestricted', '/v1/secrets')));
      it('a method that differs', async () => {
        const token = await logInWithCredential(seed, 'list-secrets');
        expectUnauthorized(await send(`${URL}/v1/secrets`, asJson(token, 'POST', { name: 'x' })), seed);
      });
    });

    describe('that have expired', () => {
      let cached: string;
      let fresh: string;
      let late: string;
      before('outlive the tokens', async () => {
        const short = (name: string): Promise<string> => logIn(seed, name, 'project', seed.short_auth_url);
        [cached, fresh, late] = await Promise.all([short('writer-a'), short('writer-a'), short('compute')]);
        expectOk(await list({ 'X-Auth-Token': cached }));
        await sleep((seed.short_expiration + 1) * 1000);
      });
      it('authn-0006: without a service token', async () =>
        expectUnauthorized(await list({ 'X-Auth-Token': fresh }), seed));
      it('authn-0006: though it was valid, and is in the cache', async () =>
        expectUnauthorized(await list({ 'X-Auth-Token': cached }), seed));
      it('authn-0007: with a service token', async () => {
        expectOk(await list({ 'X-Auth-Token': fresh, 'X-Service-Token': service }));
        expectOk(await list({ 'X-Auth-Token': cached, 'X-Service-Token': service }));
      });
      it('which helps no later request without one', async () => {
        expectUnauthorized(await list({ 'X-Auth-Token': fresh }), seed);
        expectUnauthorized(await list({ 'X-Auth-Token': cached }), seed);
      });
      it('authn-0008: with a service token without a service role', async () => {
        const headers = { 'X-Auth-Token': fresh, 'X-Service-Token': await logIn(seed, 'member-a') };
        expectUnauthorized(await list(headers), seed);
      });
      it('an expired service token', async () =>
        expectUnauthorized(await list({ 'X-Auth-Token': writer, 'X-Service-Token': late }), seed));
    });
  },
);

describeBroker(
  'credentials, no service type configured',
  ['keystone'],
  (database) => ({ database, identity: keystoneIdentity(readSeed(), { service_type: null }), url: URL }),
  (broker) => {
    const list = async (credential: string): Promise<Answer> => {
      const token = await logInWithCredential(readSeed(), credential);
      return send(`${broker().url}/v1/secrets`, { headers: { 'X-Auth-Token': token } });
    };
    it('authn-0029: with rules', async () => expectUnauthorized(await list('list-secrets'), readSeed()));
    it('without rules', async () => expectOk(await list('unrestricted')));
  },
);

describe('an unreachable Keystone', () => {
  let forwarder: Forwarder | undefined;
  before(async function () {
    requireServices(this, ['keystone']);
    forwarder = await startForwarder(readSeed().auth_url);
  });
  after(() => forwarder?.refuse());
  const keystone = (): Forwarder => {
    if (forwarder === undefined) throw new Error('the forwarder does not run');
    return forwarder;
  };

  describeBroker(
    'credentials',
    ['keystone'],
    (database) => ({
      database,
      identity: keystoneIdentity(readSeed(), { auth_url: keystone().url, timeout: TIMEOUT_SECONDS }),
      url: URL,
    }),
    (broker) => outages(broker, keystone),
  );
});

function outages(broker: () => RunningBroker, keystone: () => Forwarder): void {
  let known: string;
  let fresh: string;
  const list = (token: string): Promise<Answer> =>
    send(`${broker().url}/v1/secrets`, { headers: { 'X-Auth-Token': token } });
  beforeEach(async () => {
    known = await logIn(readSeed(), 'writer-a');
    fresh = await logIn(readSeed(), 'writer-a');
    expectOk(await list(known));
  });
  afterEach(() => keystone().restore());

  const interruptions: Readonly<Record<string, () => Promise<void> | void>> = {
    'is stopped': () => keystone().refuse(),
    'does not answer': () => keystone().silence(),
  };
  for (const [title, interrupt] of Object.entries(interruptions)) {
    it(`authn-0018: ${title}: 503 for a new token, 200 for a known one, and all is well afterwards`, async () => {
      await interrupt();
      const began = Date.now();
      const refused = await list(fresh);
      expect(refused.status, refused.text).to.equal(503);
      expect(Date.now() - began).to.be.below((TIMEOUT_SECONDS + 2) * 1000);
      expectOk(await list(known));
      await keystone().restore();
      expectOk(await list(fresh));
    });
  }

  it('a known token is not asked for again', async () => {
    const before = keystone().connections();
    for (let times = 0; times < 20; times += 1) expectOk(await list(known));
    expect(keystone().connections()).to.equal(before);
  });
}

function expectOk(answer: Answer): void {
  expect(answer.status, answer.text).to.equal(200);
}

/** Clients look for the challenge to find Keystone, and read either shape of the body. */
function expectUnauthorized(answer: Answer, seed: Seed): void {
  expect(answer.status, answer.text).to.equal(401);
  expect(answer.headers['www-authenticate']).to.equal(`Keystone uri="${seed.auth_url}"`);
  expect(jsonOf(answer)).to.deep.include({ code: 401, title: 'Unauthorized' });
  expect(jsonOf(answer)['error']).to.include({ code: 401, title: 'Unauthorized' });
}
