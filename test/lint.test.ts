import { ESLint } from 'eslint';
import { expect } from 'chai';
import tseslint from 'typescript-eslint';

/** The file a snippet pretends to be in, the snippet, and words of the refusal it must meet. */
type Offence = readonly [file: string, code: string, words: string];

const OFFENCES: readonly Offence[] = [
  ['src/crypto/a.ts', "import '../repositories/secrets.ts';", 'crypto may import nothing of ours'],
  [
    'src/policy/a.ts',
    "import type { A } from '../identity/provider.ts'; export type B = A;",
    'policy may import nothing',
  ],
  ['src/identity/keystone/a.ts', "import '../../http/app.ts';", 'identity may import nothing of ours'],
  ['src/audit/a.ts', "import '../stores/registry.ts';", 'audit may import nothing of ours'],
  [
    'src/operations/secrets/a.ts',
    "import '../../policy/engine.ts';",
    'operations may import crypto, stores, repositories',
  ],
  ['src/operations/secrets/a.ts', "import '../../http/app.ts';", 'operations may import'],
  ['src/jobs/a.ts', "import '../crypto/seal.ts';", 'jobs may import operations, stores, repositories, queue'],
  ['src/http/secrets/a.ts', "import '../../crypto/seal.ts';", 'http may import identity, policy, audit'],
  ['src/repositories/a.ts', "import '../stores/registry.ts';", 'repositories may import nothing of ours'],
  ['src/model/a.ts', "import '../stores/registry.ts';", 'model may import nothing of ours'],
  ['src/errors.ts', "import './log.ts';", 'errors and log import nothing of ours'],
  ['src/http/a.ts', "import '../compose.ts';", 'compose and main know everybody'],
  ['src/stores/a.ts', "import '../config.ts';", 'parsed once and passed as arguments'],
  ['src/http/a.ts', "import '../../backends/memory/index.ts';", 'a backend is reached through the contract'],
  ['backends/memory/a.ts', "import '../simple-crypto/index.ts';", 'backends never import each other'],
  ['backends/memory/a.ts', "import '../../src/repositories/secrets.ts';", 'repositories of sealed payloads'],
  ['backends/memory/a.ts', "import '../../src/policy/engine.ts';", 'a backend may import stores, crypto'],
  ['migrations/a.ts', "import '../src/model/ids.ts';", 'still run in five years'],
  ['src/operations/a.ts', "import 'koa';", 'belongs in src/http only'],
  ['src/operations/a.ts', "import '@koa/router';", 'belongs in src/http only'],
  ['src/http/a.ts', "import 'knex';", 'belongs in src/repositories, migrations'],
  ['src/http/a.ts', "import 'pg';", 'belongs in src/repositories only'],
  ['src/http/a.ts', "import '@open-policy-agent/opa-wasm';", 'belongs in src/policy only'],
  ['src/main.ts', "import 'koa';", 'belongs in src/http only'],
  ['src/http/a.ts', "import './route.js';", 'the real extension'],
  ['src/http/a.ts', "export { b } from './b';", 'the real extension'],
  ['src/http/a.ts', "await import('./b.ts');", 'hides from the layering rules'],
  ['src/http/a.ts', 'export default 1;', 'named exports only'],
  ['src/http/a.ts', 'const a = 1; export { a as default };', 'named exports only'],
  ['src/http/a.ts', 'export enum Colour { Red }', 'not an enum'],
  ['src/http/a.ts', 'export const a: any = 1;', 'Unexpected any'],
  ['src/http/a.ts', 'export function a() { return 1; }', 'Missing return type'],
  ['src/http/a.ts', 'export interface SecretManager { readonly a: 1 }', 'say nothing'],
  ['src/http/a.ts', 'export interface BaseStore { readonly a: 1 }', 'Base says nothing'],
  ['src/http/a.ts', 'export const a = process.env;', 'only the configuration reads the environment'],
  ['src/http/a.ts', 'export const { env } = process;', 'only the configuration reads the environment'],
  ['src/http/a.ts', "import { env } from 'node:process'; export { env };", 'only the configuration reads'],
  [
    'src/http/a.ts',
    'export const a = (p: P): boolean => p.roles.length > 0;',
    'only identity and policy read roles',
  ],
  [
    'src/operations/a.ts',
    'export const a = ({ roles }: P): unknown => roles;',
    'only identity and policy read roles',
  ],
  [
    'backends/memory/a.ts',
    'export const a = (p: P): unknown => p.roles;',
    'only identity and policy read roles',
  ],
  ['src/http/a.ts', 'console.log(1);', 'Unexpected console'],
  ['src/http/a.ts', '\n'.repeat(301), 'Maximum allowed is 300'],
  ['src/http/a.ts', `export function a(): void {${'\n'.repeat(60)}}`, 'Maximum allowed is 60'],
  [
    'src/http/a.ts',
    `export const a = (b: string): string => ${"b === '' ? b : ".repeat(10)} b;`,
    'complexity of 11',
  ],
  ['src/http/a.ts', 'if (a) { if (b) { if (c) { if (d) e(); } } }', 'nested too deeply'],
];

/** The same acts where they are allowed. */
const INNOCENT: readonly (readonly [file: string, code: string])[] = [
  [
    'src/http/secrets/a.ts',
    "import '../../operations/secrets/create-secret.ts'; import '../../log.ts'; import 'koa';",
  ],
  ['src/operations/secrets/a.ts', "import '../../repositories/secrets.ts'; import '../../crypto/seal.ts';"],
  ['src/operations/secrets/a.ts', "import './create-secret.ts'; import '../../model/secret.ts';"],
  ['src/repositories/a.ts', "import 'knex'; import '../model/ids.ts'; import '../errors.ts';"],
  ['src/model/a.ts', "import './ids.ts';"],
  ['src/policy/a.ts', "import '@open-policy-agent/opa-wasm'; export const a = (p: P): unknown => p.roles;"],
  ['src/identity/a.ts', 'export const a = ({ roles }: P): unknown => roles;'],
  ['src/config.ts', 'export const a = process.env;'],
  [
    'src/compose.ts',
    "import 'knex'; import '../backends/memory/index.ts'; import './http/app.ts'; import './config.ts';",
  ],
  ['src/cli/a.ts', "import '../compose.ts'; import '../config.ts'; import '../jobs/sweep.ts';"],
  ['backends/memory/a.ts', "import '../../src/stores/secret-store.ts'; import '../../src/crypto/seal.ts';"],
  ['backends/memory/a.ts', "import '../../src/repositories/sealed-payloads.ts'; import './b.ts';"],
  ['migrations/a.ts', "import type { Knex } from 'knex'; export type A = Knex;"],
  ['test/a.ts', "import 'koa'; import 'pg'; import '../src/compose.ts'; export const a = process.env;"],
  ['src/crypto/a.ts', 'export function fromBase64(): void { return; }'],
  ['src/log.ts', 'export const a = { info: 1, time: process.pid };'],
];

describe('the rules of style', () => {
  // Snippets are in no TypeScript project, so only the rules that need no types are asked.
  const eslint = new ESLint({
    overrideConfig: [
      { files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked },
      { files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false } } },
    ] as NonNullable<ESLint.Options['overrideConfig']>,
  });
  const refusals = async (file: string, code: string): Promise<readonly string[]> => {
    const results = await eslint.lintText(code, { filePath: file });
    return results.flatMap(({ messages }) => messages.map(({ message }) => message));
  };

  for (const [file, code, words] of OFFENCES) {
    it(`refuse ${JSON.stringify(code.slice(0, 60))} in ${file}: ${words}`, async () => {
      expect((await refusals(file, code)).join('\n')).to.contain(words);
    });
  }

  for (const [file, code] of INNOCENT) {
    it(`accept ${JSON.stringify(code.slice(0, 60))} in ${file}`, async () => {
      expect(await refusals(file, code)).to.deep.equal([]);
    });
  }
});
