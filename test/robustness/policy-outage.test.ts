import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { startApp, type TestApp } from '../helpers/app.ts';
import { databases } from '../helpers/databases.ts';
import { configuration, createWorkplace, runPostern, until, type Workplace } from './broker-process.ts';
import { pathOf, textSecret } from './client.ts';

const sqlite = databases().find(({ name }) => name === 'sqlite3')!;
const RELOAD_SECONDS = 1;
const GOOD = new URL('../../policies/bundle.tar.gz', import.meta.url);

describe('a policy bundle', function () {
  this.timeout(60_000);
  let place: Workplace;
  let bundle: string;
  beforeEach(() => {
    place = createWorkplace();
    bundle = place.path('bundle.tar.gz');
  });
  afterEach(() => place.remove());

  const whole = readFileSync(GOOD);
  const broken: readonly (readonly [string, Buffer | undefined])[] = [
    ['that is not there', undefined],
    ['of no bytes', Buffer.alloc(0)],
    ['that is no archive', Buffer.from('package postern')],
    ['that was cut short', whole.subarray(0, whole.length / 2)],
  ];
  for (const [what, bytes] of broken) {
    it(`${what} stops the start and is named`, async () => {
      if (bytes !== undefined) writeFileSync(bundle, bytes);
      const file = place.config(configuration(place, { policy: { bundle } }));
      const { code, stderr, stdout } = await runPostern(['serve', '--config', file]);
      expect(code, stderr).to.equal(1);
      expect(stderr).to.match(/^postern: .*policy bundle/m);
      expect(stderr, 'no stack trace for the operator').to.not.match(/^\s+at /m);
      expect(stdout).to.equal('');
    });
  }

  describe('that changes under a running broker', () => {
    let app: TestApp;
    beforeEach(async () => {
      copyFileSync(GOOD, bundle);
      app = await startApp({ dialect: sqlite, config: { policy: { bundle, reload: RELOAD_SECONDS } } });
    });
    afterEach(() => app.close());

    const replace = (bytes: Buffer): void => {
      writeFileSync(`${bundle}.new`, bytes);
      renameSync(`${bundle}.new`, bundle);
    };
    const complaints = (): number => app.logged().split('the policy bundle is broken').length - 1;

    it('into a broken one leaves the last good one in force, says so, and is content once it is whole again', async () => {
      const revision = app.broker.services.policy.revision;
      const secret = pathOf(await app.request('POST', '/v1/secrets', { body: textSecret('hello') }));
      for (const [, bytes] of broken) {
        const before = complaints();
        if (bytes === undefined) rmSync(bundle);
        else replace(bytes);
        await until(() => (complaints() > before ? true : undefined), 'the complaint');
        expect((await app.request('GET', `${secret}/payload`)).text).to.equal('hello');
        const stranger = { user: 'u', project: 'p-other', roles: ['creator'] };
        expect((await app.request('GET', secret, { as: stranger })).status).to.equal(403);
        expect(app.broker.services.policy.revision).to.equal(revision);
      }
      replace(whole);
      const before = complaints();
      await new Promise((resolve) => setTimeout(resolve, 2 * RELOAD_SECONDS * 1000));
      expect(complaints(), 'the whole one is no reason to complain').to.equal(before);
      expect((await app.request('GET', `${secret}/payload`)).text).to.equal('hello');
    });
  });
});
