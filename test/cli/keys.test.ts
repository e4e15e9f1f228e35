import { expect } from 'chai';
import { absentSecretStore } from '../conformance/secret-store.ts';
import {
  configuration,
  createWorkplace,
  runPostern,
  type Ran,
  type Workplace,
} from '../robustness/broker-process.ts';
import { ABSENT, createToken, masterKey, type TestToken } from '../stores/pkcs11/tokens.ts';

if (ABSENT !== undefined) absentSecretStore('pkcs11', ABSENT);
else
  describe('postern keys', function () {
    this.timeout(60_000);
    let place: Workplace;
    let token: TestToken;
    let file: string;

    before(() => {
      place = createWorkplace();
      token = createToken();
      const { library, token_label, pin, socket_folder, environment } = token.options();
      const options = { library, token_label, pin, socket_folder, environment };
      const hsm = { kind: 'pkcs11', name: 'hsm', ...options, master_keys: [masterKey('first')] };
      file = place.config(
        configuration(place, { stores: { default: 'hsm', configured: [hsm] } }),
        'hsm.yaml',
      );
    });
    after(async () => {
      place.remove();
      await token.remove();
    });

    const keys = (...args: readonly string[]): Promise<Ran> =>
      runPostern(['keys', ...args, '--config', file]);

    it('check says what is missing, and fails', async () => {
      const { code, stdout } = await keys('check', 'hsm');
      expect(code).to.equal(1);
      expect(stdout).to.contain('no key "first-mkek"').and.to.contain('no key "first-hmac"');
    });

    it('init makes the keys and prints what they may do; a second time it refuses', async () => {
      const made = await keys('init', 'hsm');
      expect(made.code, made.stderr).to.equal(0);
      expect(made.stdout).to.match(/first-mkek +256 .*never_extractable.* wrap unwrap +0 +ok/);
      expect(made.stdout).to.match(/first-hmac +256 .*never_extractable.* sign verify +0 +ok/);
      const again = await keys('init', 'hsm');
      expect(again.code).to.equal(1);
      expect(again.stderr).to.contain('"first-mkek" already: nothing was made');
    });

    it('check finds them good, as JSON too', async () => {
      const { code, stdout } = await keys('check', 'hsm', '--json');
      expect(code).to.equal(0);
      const rows = JSON.parse(stdout) as Readonly<Record<string, unknown>>[];
      expect(rows.map(({ label, health }) => [label, health])).to.deep.equal([
        ['first-mkek', 'ok'],
        ['first-hmac', 'ok'],
      ]);
    });

    it('asks which store, and names those there are', async () => {
      for (const args of [['init'], ['check', 'other']]) {
        const { code, stderr } = await keys(...args);
        expect(code).to.equal(1);
        expect(stderr).to.contain('which store of kind pkcs11? (hsm)');
      }
    });
  });
