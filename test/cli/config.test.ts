import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  configuration,
  createWorkplace,
  MASTER_KEY,
  OTHER_KEY,
  runPostern,
  softwareStore,
  type Ran,
  type Workplace,
} from '../robustness/broker-process.ts';

describe('postern config check', () => {
  let place: Workplace;
  beforeEach(() => (place = createWorkplace()));
  afterEach(() => place.remove());

  const check = (config: object | string, env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
    runPostern(['config', 'check', '--config', place.config(config)], env);
  const expectRefusal = ({ code, stdout, stderr }: Ran, ...words: readonly (string | RegExp)[]): void => {
    expect(code, stderr).to.equal(1);
    expect(stdout).to.equal('');
    for (const word of words) {
      if (typeof word === 'string') expect(stderr).to.include(word);
      else expect(stderr).to.match(word);
    }
    expect(stderr, 'a stack trace tells an operator nothing').to.not.match(/^\s+at /m);
    expect(stderr, 'no key is ever quoted').to.not.include(MASTER_KEY);
  };
  const yaml = (lines: string): string =>
    `identity:\n  - { kind: headers }\nstores:\n  default: software\n  configured:\n    - name: software\n      kind: simple_crypto\n      master_keys: [{ id: a, key: "${MASTER_KEY}" }]\n${lines}`;

  it('accepts a good one, in words and as JSON', async () => {
    const file = place.config(configuration(place));
    expect(await runPostern(['config', 'check', '--config', file])).to.include({
      code: 0,
      stdout: 'config: ok\n',
    });
    expect(await runPostern(['config', 'check', '--json'], { POSTERN_CONFIG: file })).to.include({
      code: 0,
      stdout: '{"config":"ok"}\n',
    });
  });

  it('names file and line of an unknown key', async () => {
    expectRefusal(await check(yaml('listen:\n  host: 127.0.0.1\n  prot: 9311\n')), 'postern.yaml:11', 'prot');
    expectRefusal(await check(yaml('limit: { max_secret_bytes: 5 }\n')), 'postern.yaml:9', 'limit');
  });

  it('names every fault with its line', async () => {
    const ran = await check(yaml('listen: { port: 70000 }\napi:\n  max_microversion: "3.0"\n'));
    expectRefusal(ran, /postern\.yaml:9: listen\.port/, /postern\.yaml:11: api\.max_microversion/);
  });

  it('names line and column of what is no YAML, and keys given twice', async () => {
    expectRefusal(await check(yaml('listen: { port: 1\napi: [\n')), 'postern.yaml', /line \d+/);
    expectRefusal(await check(yaml('listen: { port: 1 }\nlisten: { port: 2 }\n')), 'unique', /line 10/);
  });

  it('names a variable that is not set and a file that is not there', async () => {
    const key = (reference: object): Readonly<Record<string, unknown>> => ({
      stores: {
        default: 'software',
        configured: [{ name: 'software', kind: 'simple_crypto', master_keys: [{ id: 'a', key: reference }] }],
      },
    });
    const missing = configuration(place, key({ env: 'POSTERN_NO_SUCH' }));
    expectRefusal(await check(missing), /postern\.yaml:\d+/, 'master_keys.0.key', 'POSTERN_NO_SUCH');
    const absent = configuration(place, key({ file: place.path('no-such-key') }));
    expectRefusal(await check(absent), /postern\.yaml:\d+/, 'master_keys.0.key', 'no-such-key');
    expect(await check(missing, { POSTERN_NO_SUCH: MASTER_KEY })).to.include({ code: 0 });
    writeFileSync(place.path('no-such-key'), `${MASTER_KEY}\n`, { mode: 0o600 });
    expect(await check(absent)).to.include({ code: 0 });
  });

  it('refuses a key of the wrong form without quoting it', async () => {
    const almost = MASTER_KEY.slice(0, -4);
    const ran = await check(
      configuration(place, {
        stores: { default: 'software', configured: [softwareStore('software', almost)] },
      }),
    );
    expectRefusal(ran, /postern\.yaml:\d+/, 'base64 of 32 bytes');
    expect(ran.stderr).to.not.include(almost);
  });

  it('refuses a class of stores that is no word', async () => {
    for (const name of ['FIPS', 'fips 140', '']) {
      const store = { ...softwareStore('software', MASTER_KEY), classes: [name] };
      const stores = { default: 'software', configured: [store] };
      expectRefusal(await check(configuration(place, { stores })), 'classes', 'a word in lower case');
    }
  });

  it('refuses two stores at one place of a Vault', async () => {
    const vault = (name: string, more: object = {}): object => ({
      name,
      kind: 'vault',
      url: 'https://vault.example.org:8200',
      auth: { token: 'hvs.token' },
      ...more,
    });
    const stores = (...configured: readonly object[]): object => ({ default: 'a', configured });
    const shared = stores(vault('a'), vault('b', { mount: 'secret' }));
    const ran = await check(configuration(place, { stores: shared }));
    expectRefusal(ran, /postern\.yaml:\d+: stores/, 'stores "a" and "b" share a place in Vault');
    const apart = stores(vault('a'), vault('b', { prefix: 'other' }), vault('c', { mount: 'kv' }));
    expect(await check(configuration(place, { stores: apart }))).to.include({ code: 0 });
  });

  it('refuses two stores of one name, and a default that is none of them', async () => {
    const twice = [softwareStore('software', MASTER_KEY), softwareStore('software', OTHER_KEY)];
    expectRefusal(
      await check(configuration(place, { stores: { default: 'software', configured: twice } })),
      /postern\.yaml:\d+: stores/,
      'two stores are named "software"',
    );
    expectRefusal(
      await check(
        configuration(place, {
          stores: { default: 'hsm', configured: [softwareStore('software', MASTER_KEY)] },
        }),
      ),
      /postern\.yaml:\d+: stores\.default/,
      'no configured store is named "hsm"',
    );
  });

  it('refuses aliases that unfold without end', async () => {
    const bomb = 'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n';
    expectRefusal(await check(yaml(bomb)), 'postern.yaml');
  });

  it('says when there is no file to read, and when none was named', async () => {
    expectRefusal(
      await runPostern(['config', 'check', '--config', place.path('nowhere.yaml')]),
      'nowhere.yaml',
    );
    expectRefusal(await runPostern(['config', 'check']), '--config', 'POSTERN_CONFIG');
    expectRefusal(await check(''), /postern\.yaml:1/, 'stores');
  });

  it('accepts the files we ship', async () => {
    const shipped = new URL('../../conf/postern.dev.yaml', import.meta.url);
    const own = readFileSync(shipped, 'utf8').replaceAll('var/', `${place.folder}/var/`);
    expect(await check(own)).to.include({ code: 0 });
  });
});
