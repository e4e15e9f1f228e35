import { expect } from 'chai';
import type { TestApp } from '../helpers/app.ts';
import { broker, created, exchange, sqlite, UUID4 } from './wire.ts';

type Headers = Readonly<Record<string, string>>;

/** Headers, and what links begin with; `{host}` is where the broker listens. */
type Beginnings = readonly (readonly [name: string, headers: Headers, base: string])[];

const PLAIN: Beginnings = [
  ['nothing special', {}, 'http://{host}'],
  ['a Host', { Host: 'keys.example:9311' }, 'http://keys.example:9311'],
  ['a Host without port', { Host: 'keys.example' }, 'http://keys.example'],
  ['a Host of IPv6', { Host: '[2001:db8::1]:9311' }, 'http://[2001:db8::1]:9311'],
  ['the scheme in front of a proxy', { 'X-Forwarded-Proto': 'https' }, 'https://{host}'],
  ['two schemes: the client’s', { 'X-Forwarded-Proto': 'https, http' }, 'https://{host}'],
  ['a scheme that is none', { 'X-Forwarded-Proto': 'javascript' }, 'http://{host}'],
  ['an empty scheme', { 'X-Forwarded-Proto': '' }, 'http://{host}'],
  ['a forwarded host nobody vouches for', { 'X-Forwarded-Host': 'evil.example' }, 'http://{host}'],
  ['a forwarded prefix nobody vouches for', { 'X-Forwarded-Prefix': '/evil' }, 'http://{host}'],
  ['Forwarded that nobody vouches for', { Forwarded: 'host=evil.example;proto=https' }, 'http://{host}'],
];

const TRUSTED: Beginnings = [
  ['nothing special', {}, 'http://{host}'],
  ['a Host', { Host: 'keys.example' }, 'http://keys.example'],
  ['a forwarded host', { 'X-Forwarded-Host': 'keys.example' }, 'http://keys.example'],
  ['two forwarded hosts: the client’s', { 'X-Forwarded-Host': 'a.example, b.example' }, 'http://a.example'],
  ['a forwarded prefix', { 'X-Forwarded-Prefix': '/key-manager' }, 'http://{host}/key-manager'],
  ['a forwarded prefix with a slash', { 'X-Forwarded-Prefix': '/key-manager/' }, 'http://{host}/key-manager'],
  ['a forwarded prefix of nothing', { 'X-Forwarded-Prefix': '/' }, 'http://{host}'],
  [
    'all of the older kind',
    { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'keys.example', 'X-Forwarded-Prefix': '/km' },
    'https://keys.example/km',
  ],
  ['Forwarded host', { Forwarded: 'host=keys.example' }, 'http://keys.example'],
  ['Forwarded proto', { Forwarded: 'proto=https' }, 'https://{host}'],
  ['Forwarded of both', { Forwarded: 'for=192.0.2.1;proto=https;host=keys.example' }, 'https://keys.example'],
  ['Forwarded in capitals', { Forwarded: 'Proto=HTTPS; Host=keys.example' }, 'https://keys.example'],
  [
    'Forwarded in quotes',
    { Forwarded: 'host="[2001:db8::1]:9311";proto="https"' },
    'https://[2001:db8::1]:9311',
  ],
  [
    'two Forwarded: the first',
    { Forwarded: 'host=a.example, host=b.example;proto=https' },
    'http://a.example',
  ],
  ['Forwarded of nonsense', { Forwarded: ';;=;host' }, 'http://{host}'],
  [
    'both kinds: the newer host',
    { Forwarded: 'host=new.example', 'X-Forwarded-Host': 'old.example' },
    'http://new.example',
  ],
];

const FIXED: Beginnings = [
  ['nothing special', {}, 'https://keys.example/key-manager'],
  ['a hostile Host', { Host: 'evil.example' }, 'https://keys.example/key-manager'],
  [
    'hostile headers of all kinds',
    {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Prefix': '/evil',
      Forwarded: 'host=evil.example;proto=http',
    },
    'https://keys.example/key-manager',
  ],
];

const BROKERS: readonly [title: string, listen: Record<string, unknown>, bases: Beginnings][] = [
  ['from the request', {}, PLAIN],
  ['from a proxy that is trusted', { trust_proxy: true }, TRUSTED],
  ['from the configuration', { public_url: 'https://keys.example/key-manager/', trust_proxy: true }, FIXED],
];

for (const [title, listen, bases] of BROKERS) {
  describe(`links ${title}`, () => {
    const app = broker(sqlite(), { listen: { port: 0, ...listen } });
    for (const [name, headers, pattern] of bases) {
      it(name, async () => {
        const base = pattern.replace('{host}', new URL(app().url).host);
        for (const link of await everyLink(app(), headers)) {
          expect(link.slice(0, base.length + 3)).to.equal(`${base}/v1`);
        }
      });
    }
  });
}

/** Every place of an answer that holds a link. */
async function everyLink(app: TestApp, headers: Headers): Promise<readonly string[]> {
  const posted = await app.request('POST', '/v1/secrets', { headers, body: {} });
  await created(app);
  const path = `/v1/secrets/${String(posted.json?.['secret_ref']).split('/').at(-1)}`;
  const get = async (target: string): Promise<Readonly<Record<string, unknown>>> =>
    (await app.request('GET', target, { headers })).json ?? {};
  const body = { metadata: {} };
  const metadata = await app.request('PUT', `${path}/metadata`, { headers, body });
  const item = await app.request('POST', `${path}/metadata`, { headers, body: { key: 'k', value: 'v' } });
  const page = await get('/v1/secrets?limit=1');
  const { next } = page;
  const { previous } = await get('/v1/secrets?limit=1&offset=1');
  const [listed] = page['secrets'] as [{ secret_ref: string }];
  const versions = JSON.stringify(await get('/'));
  const home = await app.request('GET', '/', { headers: { ...headers, Accept: 'application/json-home' } });
  return [
    posted.headers.location,
    posted.json?.['secret_ref'],
    (await get(path))['secret_ref'],
    metadata.json?.['metadata_ref'],
    item.headers.location,
    listed.secret_ref,
    next,
    previous,
    /"self","href":"([^"]*)"/.exec(versions)?.[1],
    home.headers.location,
  ].map(String);
}

describe('links without a Host', () => {
  const app = broker();
  it('name the address that was spoken to', async () => {
    const body = '{}';
    const head = ['POST /v1/secrets HTTP/1.0', 'X-Project-Id: p-1', 'Content-Type: application/json'];
    const request = `${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`;
    const answer = await exchange(app().url, request);
    expect(answer.status).to.equal(201);
    expect(answer.body).to.match(new RegExp(`^\\{"secret_ref":"${app().url}/v1/secrets/${UUID4}"\\}$`));
  });

  it('never name the project', async () => {
    const { headers, text } = await app().request('POST', '/v1/secrets', { body: {} });
    expect(text + String(headers.location)).not.to.contain('p-1');
  });
});
