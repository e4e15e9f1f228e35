import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { simpleCryptoOptions } from '../../backends/simple-crypto/index.ts';
import { generateMasterKeyFile, parseMasterKey, readPrivateFile } from '../../backends/simple-crypto/keys.ts';
import { ConfigurationError } from '../../src/errors.ts';

const KEY = randomBytes(32);
const TEXT = KEY.toString('base64');
const options = (...masterKeys: readonly unknown[]): unknown => ({
  kind: 'simple_crypto',
  name: 'software',
  master_keys: masterKeys,
});

describe('options of simple_crypto', () => {
  for (const [what, key] of [
    ['base64 text', TEXT],
    ['base64 text with the newline of its file', `${TEXT}\n`],
    ['the bytes of such a file', Buffer.from(`${TEXT}\n`)],
    ['32 bytes', Buffer.from(KEY)],
  ] as const) {
    it(`take a master key as ${what}`, () => {
      const parsed = simpleCryptoOptions.parse(options({ id: '2026-11', key }));
      expect(parsed.master_keys[0]?.key.export().equals(KEY)).to.equal(true);
      expect(parsed.master_keys[0]?.id).to.equal('2026-11');
    });
  }

  const key = TEXT;
  const REFUSED: Readonly<Record<string, unknown>> = {
    'no master key': options(),
    'no list of master keys': { kind: 'simple_crypto', name: 'software' },
    'a key too short': options({ id: 'a', key: KEY.subarray(1).toString('base64') }),
    'a key too long': options({ id: 'a', key: Buffer.concat([KEY, KEY]).toString('base64') }),
    'a key in hex': options({ id: 'a', key: KEY.toString('hex') }),
    'a key in base64 with a space in it': options({ id: 'a', key: `${TEXT.slice(0, 9)} ${TEXT.slice(9)}` }),
    'a key that is no base64': options({ id: 'a', key: `?${TEXT.slice(1)}` }),
    'an empty key': options({ id: 'a', key: '' }),
    'a key that is a reference nobody resolved': options({ id: 'a', key: { file: '/run/secrets/key' } }),
    '31 bytes': options({ id: 'a', key: KEY.subarray(1) }),
    'an empty id': options({ id: '', key }),
    'an id of 256 bytes in 128 letters': options({ id: 'é'.repeat(128), key }),
    'one id twice': options({ id: 'a', key }, { id: 'b', key }, { id: 'a', key: KEY }),
    'an unknown option': { ...(options({ id: 'a', key }) as object), master_key: key },
    'an unknown option of a key': options({ id: 'a', key, active: true }),
  };
  for (const [what, value] of Object.entries(REFUSED)) {
    it(`refuse ${what}, and do not show the key`, () => {
      const { success, error } = simpleCryptoOptions.safeParse(value);
      expect(success).to.equal(false);
      expect(inspect(error, { depth: 9 })).not.to.contain(TEXT.slice(10, 30));
    });
  }

  it('take an id of 255 bytes', () => {
    expect(simpleCryptoOptions.safeParse(options({ id: 'i'.repeat(255), key })).success).to.equal(true);
  });

  it('do not show a key when they are printed', () => {
    const parsed = simpleCryptoOptions.parse(options({ id: 'a', key }));
    const shown = inspect(parsed, { depth: 9, showHidden: true }) + JSON.stringify(parsed);
    expect(shown).not.to.contain(TEXT).and.not.to.contain(KEY.toString('hex'));
  });
});

describe('the master key file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-key-'));
    path = join(folder, 'deep', 'master.key');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('is made whole, private and with a key that the options take', () => {
    expect(generateMasterKeyFile(path)).to.equal(true);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(readFileSync(path, 'utf8')).to.match(/^[A-Za-z0-9+/]{43}=\n$/);
    expect(parseMasterKey(readPrivateFile(path))?.symmetricKeySize).to.equal(32);
    expect(readdirSync(join(folder, 'deep'))).to.deep.equal(['master.key']);
  });

  it('is never the same twice', () => {
    generateMasterKeyFile(path);
    generateMasterKeyFile(join(folder, 'other.key'));
    expect(readFileSync(path, 'utf8')).not.to.equal(readFileSync(join(folder, 'other.key'), 'utf8'));
  });

  it('is never overwritten, not even when empty or a dangling link', () => {
    generateMasterKeyFile(path);
    const first = readFileSync(path, 'utf8');
    expect(generateMasterKeyFile(path)).to.equal(false);
    expect(readFileSync(path, 'utf8')).to.equal(first);
    const empty = join(folder, 'empty.key');
    writeFileSync(empty, '');
    expect(generateMasterKeyFile(empty)).to.equal(false);
    expect(readFileSync(empty, 'utf8')).to.equal('');
    const dangling = join(folder, 'dangling.key');
    symlinkSync(join(folder, 'nothing'), dangling);
    expect(generateMasterKeyFile(dangling)).to.equal(false);
    expect(readdirSync(folder).sort()).to.deep.equal(['dangling.key', 'deep', 'empty.key']);
  });

  it('names the path when it cannot be written or read', () => {
    writeFileSync(join(folder, 'file'), '');
    const below = join(folder, 'file', 'master.key');
    expect(() => generateMasterKeyFile(below)).to.throw(ConfigurationError, below);
    expect(() => readPrivateFile(path)).to.throw(ConfigurationError, path);
  });

  for (const mode of [0o640, 0o604, 0o660, 0o644, 0o620, 0o777]) {
    it(`is refused with mode ${mode.toString(8)}, with the command that helps`, () => {
      generateMasterKeyFile(path);
      chmodSync(path, mode);
      expect(() => readPrivateFile(path)).to.throw(ConfigurationError, `chmod 600 ${path}`);
    });
  }

  describe('when others can read it', () => {
    const certificate = `-----BEGIN CERTIFICATE-----\n${'MIIB'.repeat(20)}==\n-----END CERTIFICATE-----\n`;
    const key = certificate.replaceAll('CERTIFICATE', 'PRIVATE KEY');
    for (const [what, content, refused] of [
      ['a certificate', certificate, false],
      ['a bundle with remarks', `# one\n${certificate}\n# two\n${certificate}`, false],
      ['a certificate and its key', certificate + key, true],
      ['a key and its certificate', key + certificate, true],
      ['a certificate that is cut off', certificate.slice(0, -8), true],
      ['nothing', '', true],
    ] as const) {
      it(`${refused ? 'is refused' : 'is read'}: ${what}`, () => {
        const file = join(folder, 'shared.pem');
        writeFileSync(file, content, { mode: 0o644 });
        const read = (): string => readPrivateFile(file).toString();
        if (refused) expect(read).to.throw(ConfigurationError, `chmod 600 ${file}`);
        else expect(read()).to.equal(content);
      });
    }
  });

  it('is read with mode 400', () => {
    generateMasterKeyFile(path);
    chmodSync(path, 0o400);
    expect(readPrivateFile(path)).to.have.length(45);
  });
});
