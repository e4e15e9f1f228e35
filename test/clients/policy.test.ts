import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { keystoneIdentity } from './identities.ts';
import { logIn, readSeed, type Seed } from './keystone.ts';
import { ownerOf, policyCases, type PolicyCase } from './policy-rows.ts';
import { asJson, jsonOf, send, type Answer, type Call } from './request.ts';
import { describeBroker } from './suites.ts';

/** Enough of a body for each request that needs one: what is decided is whether it may be made. */
const BODIES: Readonly<Record<string, Call>> = {
  'secrets:post': json({ name: 'asked', payload: 'x', payload_content_type: 'text/plain' }),
  'secret:put': { headers: { 'Content-Type': 'text/plain' }, body: 'x' },
  'secret_meta:post': json({ key: 'second', value: 'v' }),
  'secret_meta:put': json({ metadata: { first: 'changed' } }),
};

/** Whom each generation lets list, by name without the project. */
const LISTERS: Readonly<Record<string, readonly string[]>> = {
  legacy: ['creator', 'creator2', 'observer', 'admin'],
  secure: ['member', 'member2', 'admin'],
};

for (const mode of ['legacy', 'secure']) {
  describeBroker(
    `policy, ${mode} mode`,
    ['keystone'],
    (database) => ({
      database,
      identity: keystoneIdentity(readSeed()),
      policyData: { settings: { mode } },
      url: readSeed().key_manager_url,
    }),
    (broker) => {
      const tokens = new Map<string, string>();
      let seed: Seed;
      before(() => {
        seed = readSeed();
      });
      const tokenOf = async (user: string): Promise<string> => {
        const token = tokens.get(user) ?? (await logIn(seed, user));
        tokens.set(user, token);
        return token;
      };
      const owner = ownerOf(mode);

      for (const one of policyCases(mode)) {
        it(`${one.row.id}: ${titleOf(one)}`, async () => {
          const ownersToken = await tokenOf(owner);
          const ref = await createTarget(broker().url, ownersToken, one.row.rule !== 'secret:put');
          const untouched = await lookAt(ref, ownersToken);
          const answer = await send(urlOf(one, broker().url, ref), callOf(one, await tokenOf(one.user)));
          expect(answer.status, answer.text).to.equal(Number(one.row.status));
          if (one.row.policy === 'allow') return;
          expectDenial(answer, one.row.error);
          expect(await lookAt(ref, ownersToken)).to.deep.equal(untouched);
        });
      }

      it('lists the secrets of the own project and of no other', async () => {
        const name = `listed-${randomUUID()}`;
        const ref = await createTarget(broker().url, await tokenOf(owner), true, name);
        const listed = async (user: string): Promise<readonly unknown[]> => {
          const headers = { 'X-Auth-Token': await tokenOf(user) };
          const answer = jsonOf(await send(`${broker().url}/v1/secrets?name=${name}`, { headers }));
          return (answer['secrets'] as readonly { secret_ref: string }[]).map((secret) => secret.secret_ref);
        };
        for (const user of LISTERS[mode] ?? []) {
          expect(await listed(`${user}-a`), `${user}-a`).to.deep.equal([ref]);
          expect(await listed(`${user}-b`), `${user}-b`).to.deep.equal([]);
        }
      });
    },
  );
}

function titleOf({ row, user }: PolicyCase): string {
  const request = [row.method, row.path, row.variant].filter((word) => word !== '').join(' ');
  return `${user} (${row.persona}) ${request} is answered ${row.status}`;
}

function json(value: unknown): Call {
  return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}

/** A fresh secret for each row, as allowed rows change it; with a metadatum, and with a payload unless one is to come. */
async function createTarget(
  base: string,
  token: string,
  withPayload: boolean,
  name = 'target',
): Promise<string> {
  const payload = withPayload ? { payload: randomUUID(), payload_content_type: 'text/plain' } : {};
  const created = await send(`${base}/v1/secrets`, asJson(token, 'POST', { name, ...payload }));
  expect(created.status, created.text).to.equal(201);
  const ref = String(jsonOf(created)['secret_ref']);
  const described = await send(`${ref}/metadata`, asJson(token, 'PUT', { metadata: { first: 'v' } }));
  expect(described.status, described.text).to.equal(201);
  return ref;
}

function urlOf({ row }: PolicyCase, base: string, ref: string): string {
  return row.path.replace('/v1/secrets/{id}', ref).replace(/^\/v1/, `${base}/v1`).replace('{key}', 'first');
}

function callOf({ row }: PolicyCase, token: string): Call {
  const { headers = {}, ...rest } = BODIES[row.rule] ?? {};
  const accept = /^Accept: (.*)$/.exec(row.variant)?.[1];
  const asked = accept === undefined ? {} : { Accept: accept };
  return { ...rest, method: row.method, headers: { ...headers, ...asked, 'X-Auth-Token': token } };
}

/** All that its owner can see of it: a refused request must not have changed any of it. */
async function lookAt(ref: string, token: string): Promise<readonly string[]> {
  const headers = { 'X-Auth-Token': token };
  const seen = [await send(ref, { headers }), await send(`${ref}/metadata`, { headers })];
  expect(seen.map((answer) => answer.status)).to.deep.equal([200, 200]);
  return seen.map((answer) => answer.text);
}

function expectDenial(answer: Answer, error: string): void {
  const operation = error.replace(/^DENIED:/, '');
  const description = `${operation} attempt not allowed - please review your user/project privileges`;
  expect(jsonOf(answer)).to.deep.include({ code: 403, title: 'Forbidden', description });
  expect(answer.headers['content-type']).to.match(/^application\/json/);
}
