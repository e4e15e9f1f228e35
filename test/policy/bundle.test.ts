import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { pack } from 'tar-stream';
import { ConfigurationError } from '../../src/errors.ts';
import { contentOf, readBundle } from '../../src/policy/bundle.ts';
import { packBundle } from '../../src/policy/pack.ts';
import { BUNDLE } from './samples.ts';

interface Header {
  readonly name: string;
  readonly type?: 'directory' | 'symlink' | 'link' | 'character-device';
  readonly linkname?: string;
}
type Entry = readonly [Header | string, string | Buffer];
const MANIFEST = JSON.stringify({
  revision: 'r-1',
  wasm: [{ entrypoint: 'postern/decision', module: '/policy.wasm' }],
});
const GOOD: readonly (readonly [string, string])[] = [
  ['.manifest', MANIFEST],
  ['data.json', '{"settings":{}}'],
  ['policy.wasm', 'module'],
];

async function archive(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, content] of entries) {
    const headers = typeof header === 'string' ? { name: header } : header;
    if (headers.linkname === undefined) tar.entry(headers, content);
    else tar.entry(headers);
  }
  tar.finalize();
  return gzipSync(await contentOf(tar));
}

async function refusalOf(bytes: Uint8Array): Promise<string> {
  try {
    await readBundle(bytes);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('the bundle was accepted');
}

/** The good bundle with one entry more, or with another in an entry's place. */
const withEntry = async (entry: Entry): Promise<Buffer> =>
  archive([...GOOD.filter(([name]) => name !== entry[0]), entry]);

describe('readBundle', () => {
  it('reads the committed bundle', async () => {
    const bundle = await readBundle(readFileSync(BUNDLE));
    expect(bundle.revision).to.match(/^sha256-[0-9a-f]{16}$/);
    expect(bundle.data).to.deep.equal({
      settings: { mode: 'legacy', acl_endpoint_blind: true, conceal: false },
    });
  });

  it('reads names as the compiler and as tar write them', async () => {
    for (const prefix of ['/', './', '']) {
      const entries = GOOD.map(([name, content]): Entry => [`${prefix}${name}`, content]);
      const bundle = await readBundle(await archive([[{ name: './', type: 'directory' }, ''], ...entries]));
      expect(bundle.wasm.toString()).to.equal('module');
    }
  });

  it('names a bundle without revision after its bytes', async () => {
    const anonymous = await withEntry(['.manifest', MANIFEST.replace('r-1', '')]);
    expect((await readBundle(anonymous)).revision).to.match(/^sha256-[0-9a-f]{16}$/);
  });

  const names = [
    '/etc/../x.rego',
    '../x.rego',
    'a/../b.rego',
    '//x.rego',
    'a//b.rego',
    'a\\..\\b.rego',
    './.',
  ];
  for (const name of names) {
    it(`refuses the name ${name}`, async () => {
      expect(await refusalOf(await withEntry([name, 'x']))).to.contain('is not allowed');
    });
  }

  const links: readonly Header[] = [
    { name: 'a.rego', type: 'symlink', linkname: '/etc/passwd' },
    { name: 'a.rego', type: 'link', linkname: 'policy.wasm' },
  ];
  for (const header of links) {
    it(`refuses a ${header.type}`, async () => {
      expect(await refusalOf(await withEntry([header, '']))).to.contain('is no file');
    });
  }

  it('refuses a device', async () => {
    const device = await withEntry([{ name: 'a.rego', type: 'character-device' }, '']);
    expect(await refusalOf(device)).to.contain('is no file');
  });

  it('refuses a name that is there twice, however it is spelt', async () => {
    expect(await refusalOf(await archive([...GOOD, ['/data.json', '{}']]))).to.contain('twice');
  });

  it('refuses what it would have to ignore', async () => {
    for (const name of ['patch.json', '.signatures.json', 'data.yaml', 'tenants/data.json', 'README']) {
      expect(await refusalOf(await withEntry([name, '{}']))).to.contain('is not supported');
    }
  });

  it('refuses too many entries', async () => {
    const many = Array.from({ length: 254 }, (_, i): Entry => [`${i}.rego`, '']);
    expect(await refusalOf(await archive([...GOOD, ...many]))).to.contain('over 256 entries');
  });

  it('refuses a small archive that inflates without end', async () => {
    const bomb = await withEntry(['zeros.rego', Buffer.alloc(40 * 1024 * 1024)]);
    expect(bomb.length).to.be.below(100_000);
    expect(await refusalOf(bomb)).to.contain('at most 32 MiB');
  });

  it('refuses a large module, and large data', async () => {
    const large = Buffer.alloc(17 * 1024 * 1024);
    expect(await refusalOf(await withEntry(['policy.wasm', large]))).to.contain('over 8 MiB');
    expect(await refusalOf(await withEntry(['data.json', large]))).to.contain('over 16 MiB');
  });

  it('refuses what is cut off, and what is something else', async () => {
    const whole = await archive(GOOD);
    expect(await refusalOf(whole.subarray(0, whole.length - 20))).to.contain('not a gzip archive');
    expect(await refusalOf(Buffer.from('{}'))).to.contain('not a gzip archive');
    expect(await refusalOf(gzipSync(gunzipSync(whole).subarray(0, 1000)))).to.contain('not a tar archive');
    expect(await refusalOf(gzipSync('no tar at all'.repeat(100)))).to.contain('not a tar archive');
    expect(await refusalOf(gzipSync(''))).to.contain('.manifest is missing');
  });

  const manifests: readonly (readonly [string, string])[] = [
    ['{', 'is not JSON'],
    ['[]', 'is not an object'],
    ['null', 'is not an object'],
    ['{}', 'no compiled module'],
    ['{"wasm":[null]}', 'no compiled module'],
    ['{"wasm":[{"entrypoint":"other/decision","module":"/policy.wasm"}]}', 'no compiled module'],
    ['{"wasm":[{"entrypoint":"postern/decision","module":"/other.wasm"}]}', 'module is missing'],
    [MANIFEST.replace('r-1', 'two words'), 'revision'],
    [MANIFEST.replace('"r-1"', '7'), 'revision'],
  ];
  for (const [manifest, message] of manifests) {
    it(`refuses the manifest ${manifest.slice(0, 70)}`, async () => {
      expect(await refusalOf(await withEntry(['.manifest', manifest]))).to.contain(message);
    });
  }
});

describe('packBundle', () => {
  it('makes the committed bytes again from what is in them', async () => {
    const committed = readFileSync(BUNDLE);
    expect((await packBundle(await readBundle(committed))).equals(committed)).to.equal(true);
  });

  it('names other content otherwise', async () => {
    const { wasm, data } = await readBundle(readFileSync(BUNDLE));
    const changed = await readBundle(await packBundle({ wasm, data: { ...data, more: 1 } }));
    const committed = await readBundle(readFileSync(BUNDLE));
    expect(changed.revision).to.not.equal(committed.revision);
  });
});
