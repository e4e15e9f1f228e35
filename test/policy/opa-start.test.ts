import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { packBundle } from '../../src/policy/pack.ts';
import { closeEngines, scratchFolder, startFailure } from './engines.ts';
import { BUNDLE, fixture } from './samples.ts';

/** A module in which one text is another of the same length. */
function patched(bundle: string, from: string, to: string): Buffer {
  const tar = gunzipSync(readFileSync(bundle));
  const bytes = Buffer.from(tar.toString('latin1').replaceAll(`\0${from}`, `\0${to}`), 'latin1');
  expect(bytes.equals(tar)).to.equal(false);
  return gzipSync(bytes);
}

describe('createOpaEngine', () => {
  let folder: Awaited<ReturnType<typeof scratchFolder>>;

  beforeEach(async () => {
    folder = await scratchFolder();
  });

  afterEach(async () => {
    await closeEngines();
    await folder.remove();
  });

  describe('at start', () => {
    const settings = (value: unknown) => startFailure({ bundle: BUNDLE, data: { settings: value } });

    it('refuses a file that is missing, or no bundle', async () => {
      expect(await startFailure({ bundle: folder.path('none') })).to.contain('ENOENT');
      await writeFile(folder.path('text'), 'text');
      expect(await startFailure({ bundle: folder.path('text') })).to.contain('gzip');
    });

    it('refuses a module that asks for more than a host has', async () => {
      expect(await startFailure({ bundle: fixture('clock.tar.gz') })).to.contain('time.now_ns');
    });

    it('refuses a module without our entrypoint', async () => {
      const bytes = patched(BUNDLE, 'postern/decision', 'postern/recision');
      await writeFile(folder.path('b'), bytes);
      expect(await startFailure({ bundle: folder.path('b') })).to.contain('entrypoint');
    });

    it('refuses a module that is none, or that another compiler made', async () => {
      const empty = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
      await writeFile(folder.path('empty'), await packBundle({ wasm: empty, data: {} }));
      expect(await startFailure({ bundle: folder.path('empty') })).to.contain('opa_wasm_abi_version');
      await writeFile(folder.path('junk'), await packBundle({ wasm: Buffer.from('junk'), data: {} }));
      expect(await startFailure({ bundle: folder.path('junk') })).to.contain('not WebAssembly');
    });

    const selfTests: Readonly<Record<string, string>> = {
      fine: 'allows an action that nobody knows',
      text: 'is no decision',
      nothing: 'is no decision',
      'unknown-obligation': 'is no decision',
      conflict: 'the self-test failed',
    };
    for (const [answer, message] of Object.entries(selfTests)) {
      it(`refuses a policy whose self-test ends in: ${answer}`, async () => {
        const data = { shapes: { self_test: answer } };
        expect(await startFailure({ bundle: fixture('shapes.tar.gz'), data })).to.contain(message);
      });
    }

    it('refuses settings that are misspelt or wrong', async () => {
      expect(await settings({ mod: 'secure' })).to.contain('no setting is called mod');
      expect(await settings({ mode: 'both' })).to.contain('settings.mode');
      expect(await settings({ acl_endpoint_blind: 'no' })).to.contain('settings.acl_endpoint_blind');
      expect(await settings({ conceal: null })).to.contain('settings.conceal');
      expect(await settings({ constructor: true })).to.contain('no setting is called constructor');
      expect(await settings('secure')).to.contain('settings is not an object');
    });

    it('refuses data where rules are expected', async () => {
      for (const root of ['site', 'postern']) {
        const data = { [root]: { grant: ['site.everything'] } };
        expect(await startFailure({ bundle: BUNDLE, data })).to.contain(`${root} is a package of rules`);
      }
    });

    it('refuses data that does not fit into memory', async () => {
      const data = { tenants: Array.from({ length: 1000 }, () => 'x'.repeat(100_000)) };
      expect(await startFailure({ bundle: BUNDLE, data })).to.contain('does not start');
    });
  });
});
