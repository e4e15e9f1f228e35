import { readdirSync } from 'node:fs';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Folders of src/ and what each may import besides itself and `errors`, `model` and `log`, which everyone may. */
const LAYERS = {
  model: [],
  ttlv: [],
  crypto: [],
  policy: [],
  identity: [],
  stores: [],
  repositories: [],
  audit: [],
  queue: [],
  operations: ['crypto', 'stores', 'repositories'],
  jobs: ['operations', 'stores', 'repositories', 'queue'],
  http: ['identity', 'policy', 'audit', 'operations', 'stores', 'repositories'],
  // A command is a front door of the process, as main is: it may compose, and `serve` starts the HTTP side.
  cli: ['audit', 'operations', 'stores', 'repositories', 'queue', 'jobs', 'http'],
};

/** Packages that stay behind one seam, and where. `only` ends the sentence "… belongs in". */
const PACKAGES = [
  { name: '^(koa|@koa/.*)$', at: ['http'], only: 'src/http' },
  {
    name: '^knex$',
    at: ['repositories', 'migrations', 'compose'],
    only: 'src/repositories, migrations and src/compose.ts',
  },
  { name: '^(pg|sqlite3)$', at: ['repositories'], only: 'src/repositories' },
  { name: '^@open-policy-agent/opa-wasm$', at: ['policy'], only: 'src/policy' },
  { name: '^pkcs11js$', at: ['pkcs11'], only: 'backends/pkcs11' },
  { name: '^node-vault$', at: ['vault'], only: 'backends/vault' },
  { name: '^amqplib$', at: ['queue'], only: 'src/queue' },
];

const UP = '^(?:\\.\\./)+(?:src/)?';

const packagesOutside = (place) =>
  PACKAGES.filter(({ at }) => !at.includes(place)).map(({ name, only }) => ({
    regex: name,
    message: `this package belongs in ${only} only, so that it can be replaced there.`,
  }));

const layers = (place, allowed) => {
  const forbidden = Object.keys(LAYERS).filter(
    (layer) => layer !== place && layer !== 'model' && !allowed.includes(layer),
  );
  const may = allowed.length === 0 ? 'nothing of ours' : allowed.join(', ');
  const message = `${place} may import ${may} besides errors, model and log: data flows down the layers and never back up.`;
  return [{ regex: `${UP}(?:${forbidden.join('|')})/`, message }];
};

const WIRING = {
  regex: `${UP}(?:compose|open-stores|main)\\.ts$`,
  message: 'compose and main know everybody; nobody knows them. What you need comes as an argument.',
};
const CONFIGURATION = {
  regex: `${UP}(?:config|config-file)\\.ts$`,
  message: 'the configuration is parsed once and passed as arguments: name the values you need.',
};
const BACKENDS = {
  regex: '^(?:\\.\\./)+backends/',
  message: 'a backend is reached through the contract in src/stores; only compose and config name one.',
};

const restrict = (files, patterns) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});

const sourceLayers = Object.entries(LAYERS).map(([layer, allowed]) =>
  restrict(
    [`src/${layer}/**/*.ts`],
    [
      ...packagesOutside(layer),
      ...layers(layer, allowed),
      BACKENDS,
      ...(layer === 'cli' ? [] : [WIRING, CONFIGURATION]),
    ],
  ),
);

const backendNames = readdirSync(new URL('backends', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const backendLayers = backendNames.map((name) =>
  restrict(
    [`backends/${name}/**/*.ts`],
    [
      ...packagesOutside(name),
      ...layers('a backend', ['stores', 'crypto', 'ttlv', 'repositories']),
      {
        regex: '^(?:\\.\\./)+src/repositories/(?!sealed-payloads\\.ts$|keks\\.ts$)',
        message: 'a backend sees the repositories of sealed payloads and of their keys, and no other.',
      },
      {
        regex: `^(?:\\.\\./)+(?:backends/)?(?:${backendNames.filter((other) => other !== name).join('|')})/`,
        message:
          'backends never import each other: what two of them share belongs in src/crypto or src/stores.',
      },
      WIRING,
      CONFIGURATION,
    ],
  ),
);

const NOTHING_OF_OURS = {
  regex: '^\\.',
  message: 'errors and log import nothing of ours: everyone imports them.',
};
const topLayers = [
  restrict(['src/errors.ts', 'src/log.ts'], [...packagesOutside('root'), NOTHING_OF_OURS]),
  restrict(['src/config.ts', 'src/config-file.ts'], [...packagesOutside('root'), WIRING]),
  restrict(['src/compose.ts', 'src/open-stores.ts'], packagesOutside('compose')),
  restrict(['src/main.ts'], packagesOutside('root')),
  restrict(
    ['migrations/**/*.ts'],
    [
      ...packagesOutside('migrations'),
      { regex: '^\\.', message: 'a migration imports nothing of ours: it must still run in five years.' },
    ],
  ),
];

/** What `no-restricted-syntax` refuses. One rule can be set once per file, so places are told apart here. */
const SYNTAX = {
  extension: {
    selector:
      ':matches(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ImportExpression)[source.value=/^[.](?!.*[.](ts|json)$)/]',
    message: 'a relative import carries the real extension, .ts.',
  },
  enum: { selector: 'TSEnumDeclaration', message: 'use a union of strings, not an enum.' },
  defaultExport: {
    selector: ':matches(ExportDefaultDeclaration, ExportSpecifier[exported.name="default"])',
    message: 'named exports only: one thing has one name everywhere.',
  },
  name: {
    selector:
      ':matches(ClassDeclaration, TSInterfaceDeclaration, TSTypeAliasDeclaration, FunctionDeclaration, VariableDeclarator) > Identifier.id[name=/(Manager|Helper|Util|DTO|Dto|Impl|Info)s?(?![a-z0-9])/]',
    message: 'Manager, Helper, Util, DTO, Impl and Info say nothing: name what it is.',
  },
  base: {
    selector:
      ':matches(ClassDeclaration, TSInterfaceDeclaration, TSTypeAliasDeclaration) > Identifier.id[name=/^Base|Base$/]',
    message: 'Base says nothing: name what the types have in common.',
  },
  environment: {
    selector:
      ':matches(MemberExpression[object.name="process"][property.name="env"], VariableDeclarator[init.name="process"] > ObjectPattern > Property[key.name="env"], ImportDeclaration[source.value=/^(node:)?process$/])',
    message: 'only the configuration reads the environment; everyone else gets arguments.',
  },
  roles: {
    selector: ':matches(MemberExpression[property.name="roles"], ObjectPattern > Property[key.name="roles"])',
    message: 'only identity and policy read roles: who may do what is decided in Rego.',
  },
  dynamicImport: {
    selector: 'ImportExpression',
    message: 'a dynamic import hides from the layering rules.',
  },
};

const refuse = (files, ...kinds) => ({
  files,
  rules: { 'no-restricted-syntax': ['error', ...kinds.map((kind) => SYNTAX[kind])] },
});
const EVERYWHERE = ['extension', 'enum', 'defaultExport', 'name', 'base'];
const syntax = [
  refuse(['**/*.ts'], ...EVERYWHERE),
  refuse(['src/**/*.ts', 'backends/**/*.ts'], ...EVERYWHERE, 'environment', 'roles', 'dynamicImport'),
  refuse(['src/identity/**/*.ts', 'src/policy/**/*.ts'], ...EVERYWHERE, 'environment', 'dynamicImport'),
  refuse(['src/main.ts', 'src/config.ts', 'src/config-file.ts'], ...EVERYWHERE, 'roles', 'dynamicImport'),
  // Migrations are found by name in a folder.
  refuse(['src/repositories/migrate.ts'], ...EVERYWHERE, 'environment', 'roles'),
];

const size = {
  'max-lines': ['error', { max: 300 }],
  'max-lines-per-function': ['error', { max: 60 }],
  complexity: ['error', 10],
  'max-depth': ['error', 3],
};

const taste = {
  '@typescript-eslint/explicit-module-boundary-types': 'error',
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  // `return refuse(…)` ends a function that returns nothing, on one line.
  '@typescript-eslint/no-confusing-void-expression': 'off',
  // A text spread into an array gives code points, which is how lengths are counted here.
  '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
  // A contract says Promise where one of its implementations has nothing to wait for.
  '@typescript-eslint/require-await': 'off',
  // knex's builders are promises, and Koa's callback returns one: both are passed where nobody waits.
  '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
  // Node's own types call a socket by its parent's name.
  '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
  // Text that must not contain control characters is checked by naming them.
  'no-control-regex': 'off',
  // `_rest` and `_context` say that a signature demands them.
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  eqeqeq: 'error',
  'no-console': 'error',
};

export default defineConfig(
  { ignores: ['dist/', 'var/', 'bin/', 'node_modules/', '**/.venv/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: { ...size, ...taste },
  },
  ...syntax,
  ...sourceLayers,
  ...backendLayers,
  ...topLayers,
  {
    files: ['src/repositories/**/*.ts'],
    // knex infers a row's type from the assertion that states it, so every such statement looks idle.
    rules: { '@typescript-eslint/no-unnecessary-type-assertion': 'off' },
  },
  {
    files: ['migrations/**/*.ts'],
    // knex does not type the client a migration has to ask for its dialect.
    rules: { '@typescript-eslint/no-unsafe-member-access': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      complexity: 'off',
      'no-console': 'off',
      // chai's assertions are properties.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: { globals: { URL: 'readonly', process: 'readonly', console: 'readonly' } },
  },
);
