import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { RotationLevel } from '../../src/model/rotation.ts';
import { oneDatabase, skipAloud, type TestDatabase } from '../helpers/databases.ts';
import { ABSENT, createToken, masterKey, type TestToken } from '../stores/pkcs11/tokens.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  rowsOf,
  runPostern,
  serveProcess,
  startPostern,
  until,
  type Ran,
  type ServingProcess,
  type Workplace,
} from './broker-process.ts';
import { startRotationLoad, type RotationLoad } from './rotation-load.ts';

/** Set by hand, for all that can be rotated; without it, for what is different. */
const BY_HAND = process.env['ROTATION_SECRETS'];
const SECRETS = Number(BY_HAND ?? 200);
const PROJECTS = 6;
/** From when it says that it has begun. */
const KILL_AFTER_MS = [50, 1_500] as const;
/** So slow that it is killed in the middle. */
const PER_SECOND = Math.max(20, Math.round(SECRETS / 4));
/** Then it is left to itself: it ends well. */
const KILLS = 3;

/** Where a store's keys are, and what its configuration is with these master keys, the first of which wraps. */
interface Keyring {
  readonly title: string;
  readonly absent: string | undefined;
  open(place: Workplace): Promise<Opened>;
}

interface Opened {
  store(...masterKeys: readonly string[]): object;
  /** How the old master key is let go. */
  readonly retiring: readonly string[];
  /** Before a store with a new master key starts. */
  prepare(file: string): Promise<void>;
  close(): Promise<void>;
}

/** `project` waits a minute and a half at its end, until no broker has an old key at hand: by hand. */
const LEVELS: readonly RotationLevel[] =
  BY_HAND === undefined ? ['master', 'payload'] : ['master', 'payload', 'project'];

const software: Keyring = {
  title: 'simple_crypto',
  absent: undefined,
  open: () => {
    const keys = new Map<string, string>();
    const keyOf = (id: string): string => {
      const key = keys.get(id) ?? randomBytes(32).toString('base64');
      keys.set(id, key);
      return key;
    };
    return Promise.resolve({
      retiring: [],
      store: (...ids) => ({
        name: 'keys',
        kind: 'simple_crypto',
        master_keys: ids.map((id) => ({ id, key: keyOf(id) })),
      }),
      prepare: () => Promise.resolve(),
      close: () => Promise.resolve(),
    });
  },
};

const hsm = (title: string, changes: object): Keyring => ({
  title,
  absent: ABSENT,
  open: (place) => {
    const token: TestToken = createToken();
    const { library, token_label, pin, environment } = token.options();
    const options = { library, token_label, pin, environment, socket_folder: place.path('run') };
    return Promise.resolve({
      // Before it destroys a key it waits as long as for project keys.
      retiring: BY_HAND === undefined ? [] : ['--destroy'],
      store: (...ids) => ({
        ...{ name: 'keys', kind: 'pkcs11', ...options, ...changes },
        master_keys: ids.map((id) => masterKey(id)),
      }),
      prepare: async (file) => {
        const made = await runPostern(['keys', 'init', 'keys', '--config', file]);
        expect(made.code, made.stderr).to.equal(0);
      },
      close: () => token.remove(),
    });
  },
});

const KEYRINGS: readonly Keyring[] = [
  software,
  hsm('pkcs11, mode T', {}),
  ...(BY_HAND === undefined
    ? []
    : [
        hsm('pkcs11, mode T without GCM', { mechanisms: { content: 'cbc-mac' } }),
        hsm('pkcs11, mode W', { mode: 'W' }),
      ]),
];

for (const keyring of KEYRINGS) {
  describe(`kill -9 while keys are rotated [${keyring.title}]`, function () {
    this.timeout(600_000);
    const { absent } = keyring;
    if (absent !== undefined) {
      skipAloud(absent, (process.env['REQUIRE_STORES'] ?? '').split(',').includes('pkcs11'));
      return;
    }
    let place: Workplace;
    let database: TestDatabase;
    let opened: Opened;
    before(async () => {
      place = createWorkplace();
      database = await oneDatabase().open();
      opened = await keyring.open(place);
    });
    after(async () => {
      await database.close();
      await opened.close();
      place.remove();
    });

    const configured = (...masterKeys: readonly string[]): string => {
      const stores = { default: 'keys', configured: [opened.store(...masterKeys)] };
      const whole = configuration(place, { database: databaseSection(database.options), stores });
      return place.config(whole, `${masterKeys.join('-')}.yaml`);
    };

    it('every level ends well, no client notices, and the old master key can go', async () => {
      const file = configured('new', 'old');
      const before = configured('old');
      await opened.prepare(before);
      const first = await serveProcess(before);
      const filling = await startRotationLoad(first.url, { projects: PROJECTS, secrets: 1 });
      await filling.stop();
      await ended(first);
      await opened.prepare(file);
      const broker = await serveProcess(file);
      const load = await startRotationLoad(broker.url, { projects: PROJECTS, secrets: SECRETS });
      try {
        // Their first keys are under the new master key already; a rotation needs old ones.
        await underOld(file, configured('old', 'new'));
        for (const level of LEVELS) await rotateKilled(file, level, load);
        await load.stop();
        expect(load.tally.failures).to.deep.equal([]);
        expect(await load.readAll()).to.deep.equal([]);
      } finally {
        await load.stop();
        await ended(broker);
      }
      await verifyKeys(file, database);
      await retireOld(file, opened, { load, without: configured('new') });
      report(keyring.title, load);
    });
  });
}

async function ended(broker: ServingProcess): Promise<void> {
  broker.kill('SIGTERM');
  await broker.ended;
}

const keys = (file: string, ...args: readonly string[]): Promise<Ran> =>
  runPostern(['keys', ...args, '--config', file]);

/** A rotation to where the keys came from is one as well. */
async function underOld(file: string, reversed: string): Promise<void> {
  const back = await keys(reversed, 'rotate', 'keys', '--level', 'master');
  expect(back.code, back.stderr).to.equal(0);
  const [status] = await statusOf(file);
  expect(status?.master_keys.find(({ id }) => id === 'old')?.project_keys).to.equal(PROJECTS);
}

interface Status {
  readonly master_keys: readonly { readonly id: string; readonly project_keys: number }[];
  readonly project_keys: readonly { readonly state: string; readonly payloads: number }[];
  readonly payloads_under_old: number;
}

async function statusOf(file: string): Promise<readonly Status[]> {
  const { stdout, stderr, code } = await keys(file, 'status', 'keys', '--json');
  expect(code, stderr).to.equal(0);
  return JSON.parse(stdout) as readonly Status[];
}

/** Killed at random again and again, then started once more beside a second one, and left to end. */
async function rotateKilled(file: string, level: RotationLevel, load: RotationLoad): Promise<void> {
  const args = ['keys', 'rotate', 'keys', '--level', level, '--config', file];
  const rate = ['--rate', String(level === 'master' ? 2 : PER_SECOND)];
  let killed = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const rotating = startPostern([...args, ...rate]);
    await until(() => (rotating.stderr().includes('rot-') ? true : undefined), 'a rotation', 30_000);
    await Promise.race([rotating.ended, pause(randomInt(...KILL_AFTER_MS))]);
    rotating.kill('SIGKILL');
    const { code, signal } = await rotating.ended;
    killed += signal === 'SIGKILL' ? 1 : 0;
    expect(code ?? 0, rotating.stderr()).to.equal(0);
  }
  expect(killed, 'it was at its work when it was killed').to.be.above(0);
  const [last, beside] = await Promise.all([runPostern(args), runPostern(args)]);
  for (const { code, stderr } of [last, beside])
    if (code !== 0) expect(stderr).to.contain('is being worked at by');
  expect([last.code, beside.code], `${last.stderr}\n${beside.stderr}`).to.include(0);
  expect(load.tally.failures, level).to.deep.equal([]);
}

async function verifyKeys(file: string, { options }: TestDatabase): Promise<void> {
  const [status] = await statusOf(file);
  expect(status?.payloads_under_old, 'payloads under old project keys').to.equal(0);
  const old = status?.master_keys.find(({ id }) => id === 'old');
  expect(old?.project_keys, 'project keys under the old master key').to.equal(0);
  const [rows] = await rowsOf(
    options,
    `select count(*) as n from sealed_payloads p join keks k on k.id = p.kek_id where k.state <> 'active'`,
  );
  expect(Number(rows?.['n'])).to.equal(0);
}

interface Afterwards {
  readonly load: RotationLoad;
  /** The configuration without the old master key. */
  readonly without: string;
}

async function retireOld(file: string, opened: Opened, { load, without }: Afterwards): Promise<void> {
  const keks = await keys(file, 'retire', 'keys', '--project-keks', '--json');
  expect(keks.code, keks.stderr).to.equal(0);
  expect(JSON.parse(keks.stdout)).to.deep.include({ needed: 0, young: 0 });
  const retired = await keys(file, 'retire', 'keys', 'old', ...opened.retiring);
  expect(retired.code, retired.stderr).to.equal(0);
  const broker = await serveProcess(without);
  try {
    expect(await load.readAll(broker.url)).to.deep.equal([]);
    const one = await startRotationLoad(broker.url, { projects: PROJECTS, secrets: 10 });
    await one.stop();
    expect(one.tally.failures).to.deep.equal([]);
  } finally {
    await ended(broker);
  }
}

function report(title: string, { tally }: RotationLoad): void {
  const { reads, creates, deletes, slowestMs } = tally;
  process.stdout.write(
    `    ${title}: ${reads} reads, ${creates} creates, ${deletes} deletes, slowest read ${slowestMs} ms\n`,
  );
}
