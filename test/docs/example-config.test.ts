import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config-file.ts';
import { configSchema, type Config } from '../../src/config.ts';
import { missingOptions, type JsonSchema } from './options.ts';

const EXAMPLE = readFileSync(new URL('../../conf/postern.example.yaml', import.meta.url), 'utf8');
const KEY = `${Buffer.alloc(32, 7).toString('base64')}\n`;
/** Looked into only when a store is opened. */
const PEM = '-----BEGIN EXAMPLE-----\n';
const ENVIRONMENT = { DATABASE_URL: 'postgres://127.0.0.1/postern', POSTERN_CREDENTIAL_SECRET: 'secret' };

/** `#option` is switched off, `# text` is prose. Of two spellings of one section the later then counts. */
const SWITCHED_ON = EXAMPLE.replaceAll(/^( *)#(?=[^ #\n]| {2,}[^ ])/gm, '$1');

type Plain = Readonly<Record<string, unknown>>;
const plain = (text: string): Plain => parse(text, { uniqueKeys: false }) as Plain;

/** A file that others can read is refused. */
const PRIVATE = { mode: 0o600 };

describe('conf/postern.example.yaml', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-example-'));
    mkdirSync(join(folder, 'var'));
    writeFileSync(join(folder, 'keystone-password'), 'password\n', PRIVATE);
    for (const name of ['master-2026-11.key', 'var/master.key'])
      writeFileSync(join(folder, name), KEY, PRIVATE);
    writeFileSync(join(folder, 'hsm-pin'), '0000\n', PRIVATE);
    for (const name of ['kmip-ca.pem', 'kmip-client.pem', 'kmip-client.key'])
      writeFileSync(join(folder, name), PEM, PRIVATE);
    for (const name of ['kmip-passphrase', 'kmip-password'])
      writeFileSync(join(folder, name), 'password\n', PRIVATE);
    for (const name of ['dogtag-ca.pem', 'dogtag-agent.pem', 'dogtag-agent.key'])
      writeFileSync(join(folder, name), PEM, PRIVATE);
    writeFileSync(join(folder, 'dogtag-passphrase'), 'password\n', PRIVATE);
    for (const name of ['vault-ca.pem', 'vault-client.pem', 'vault-client.key'])
      writeFileSync(join(folder, name), PEM, PRIVATE);
    for (const name of ['vault-secret-id', 'vault-wrapped-secret-id', 'vault-passphrase', 'vault-token'])
      writeFileSync(join(folder, name), 'secret\n', PRIVATE);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Loaded as an operator's file is, with the files it refers to in a folder of ours. */
  function load(text: string): Config {
    const file = join(folder, 'postern.yaml');
    const here = text
      .replaceAll('/etc/postern/', `${folder}/`)
      .replaceAll('file: var/', `file: ${folder}/var/`);
    writeFileSync(file, here);
    return loadConfig(file, ENVIRONMENT);
  }

  it('is valid, and says nothing but the defaults', () => {
    const { identity, stores } = plain(EXAMPLE);
    const [{ kind, auth_url, username, password, project_name }] = identity as [Plain];
    const needed = { identity: [{ kind, auth_url, username, password, project_name }], stores };
    expect(load(EXAMPLE)).to.deep.equal(load(stringify(needed)));
  });

  it('is valid with every alternative switched on', () => {
    const config = load(stringify(plain(SWITCHED_ON)));
    expect(config.database.client).to.equal('pg');
    expect(config.identity.map(({ kind }) => kind)).to.deep.equal([
      'keystone',
      'keystone',
      'keystone',
      'headers',
    ]);
  });

  it('names every option, with its default', () => {
    const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
    expect(missingOptions(schema, [plain(EXAMPLE), plain(SWITCHED_ON)])).to.deep.equal([]);
  });

  it('would miss an option that is not there, and a default that is another', () => {
    const schema = { properties: { a: { default: 1 }, b: {}, c: { items: { properties: { d: {} } } } } };
    expect(missingOptions(schema, [{ a: 2, c: [{}] }])).to.deep.equal(['a: the default is 1', 'b', 'c.d']);
  });
});
