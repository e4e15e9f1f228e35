import { expect } from 'chai';
import { oneDatabase, type TestDatabase } from '../helpers/databases.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  MASTER_KEY,
  OTHER_KEY,
  runPostern,
  serveProcess,
  startPostern,
  until,
  type Ran,
  type Workplace,
} from '../robustness/broker-process.ts';
import { pathOf, send, textSecret } from '../robustness/client.ts';

const SECRETS = 12;

describe('postern keys rotate, status, rotations and retire', function () {
  this.timeout(120_000);
  let place: Workplace;
  let database: TestDatabase;
  let earlier: string;
  let file: string;
  const paths: string[] = [];

  const configured = (name: string, ...masterKeys: readonly object[]): string => {
    const software = { name: 'software', kind: 'simple_crypto', master_keys: masterKeys };
    const stores = { default: 'software', configured: [software] };
    return place.config(configuration(place, { database: databaseSection(database.options), stores }), name);
  };
  const [OLD, NEW] = [
    { id: 'old', key: MASTER_KEY },
    { id: 'new', key: OTHER_KEY },
  ];

  before(async () => {
    place = createWorkplace();
    database = await oneDatabase().open();
    earlier = configured('before.yaml', OLD);
    file = configured('both.yaml', NEW, OLD);
    const broker = await serveProcess(earlier);
    for (let n = 0; n < SECRETS; n += 1) {
      const sent = { project: `p-${n % 3}`, body: textSecret(`payload ${n}`) };
      paths.push(pathOf(await send(broker.url, 'POST', '/v1/secrets', sent)));
    }
    broker.kill('SIGTERM');
    await broker.ended;
  });
  after(async () => {
    await database.close();
    place.remove();
  });

  const keys = (...args: readonly string[]): Promise<Ran> => runPostern(['keys', ...args, '--config', file]);
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const ran = await keys(...args, '--json');
    expect(ran.code, ran.stderr).to.equal(0);
    return JSON.parse(ran.stdout) as unknown;
  };

  it('asks for what is missing and refuses what makes no sense', async () => {
    const refused: readonly (readonly [readonly string[], string])[] = [
      [['rotate', '--level', 'master'], 'which store that seals? (software)'],
      [['rotate', 'software'], '--level is one of master, project, payload'],
      [['rotate', 'software', '--level', 'all'], '--level is one of master, project, payload'],
      [['rotate', 'software', '--level', 'master', '--rate', '0'], '--rate needs a number above 0'],
      [['retire', 'software'], 'which key?'],
      [['retire', 'software', 'old', '--project-keks'], 'which key?'],
      [['retire', 'software', 'new'], 'it is the one that wraps'],
      [['retire', 'software', 'other'], 'is not among the master_keys'],
      [['retire', 'software', 'old'], '"old" wraps 3 project keys'],
    ];
    for (const [args, why] of refused) {
      const { code, stderr } = await keys(...args);
      expect(code, args.join(' ')).to.equal(1);
      expect(stderr, args.join(' ')).to.contain(why);
    }
  });

  it('shows what there is to do, and changes nothing by it', async () => {
    expect(await json('rotate', 'software', '--level', 'master', '--dry-run')).to.deep.equal({
      ...{ store: 'software', level: 'master', project: '' },
      ...{ master_key: 'new', project_keys: 3, payloads: 0 },
    });
    const [status] = (await json('status', 'software')) as readonly Record<string, unknown>[];
    expect(status).to.deep.include({
      master_keys: [
        { id: 'new', state: 'active', project_keys: 0 },
        { id: 'old', state: 'old', project_keys: 3 },
      ],
      payloads_under_old: 0,
    });
    expect(await json('rotations')).to.deep.equal([]);
    const { stdout } = await keys('status');
    expect(stdout)
      .to.match(/software +master key old +old +3/)
      .and.to.match(/software +project keys +active +3 +12/);
  });

  it('rotates the master key, tells of it, and lets the old one go', async () => {
    const rotated = await keys('rotate', 'software', '--level', 'master');
    expect(rotated.code, rotated.stderr).to.equal(0);
    expect(rotated.stderr).to.contain('project keys [########################] 3/3');
    const [run] = (await json('rotations')) as readonly Record<string, unknown>[];
    expect(run).to.deep.include({
      state: 'done',
      level: 'master',
      from: ['old'],
      to: 'new',
      done: 3,
      failed: 0,
    });
    const destroyed = await keys('retire', 'software', 'old', '--destroy');
    expect(destroyed.stderr).to.contain('a file of yours');
    const retired = await keys('retire', 'software', 'old');
    expect(retired.code, retired.stderr).to.equal(0);
    expect(retired.stderr).to.contain('may be removed from master_keys');
    const alone = await serveProcess(configured('after.yaml', NEW));
    try {
      for (const [n, path] of paths.entries()) {
        const { text } = await send(alone.url, 'GET', `${path}/payload`, { project: `p-${n % 3}` });
        expect(text).to.equal(`payload ${n}`);
      }
    } finally {
      alone.kill('SIGTERM');
      await alone.ended;
    }
    const without = await runPostern(['serve', '--config', earlier]);
    expect(without.code).to.equal(1);
    expect(without.stderr).to.contain('"new" wraps 3 project keys but is not among its master_keys');
  });

  it('goes on with what was interrupted, and refuses a second at the same', async () => {
    const slow = ['keys', 'rotate', 'software', '--level', 'payload', '--rate', '0.5', '--config', file];
    const first = startPostern(slow);
    await until(() => /rot-\S+/.exec(first.stderr()) ?? undefined, 'a rotation', 30_000);
    await until(
      async () =>
        ((await json('rotations')) as { state: string }[])[0]?.state === 'running' ? true : undefined,
      'it to run',
    );
    const second = await keys('rotate', 'software', '--level', 'payload');
    expect(second.code).to.equal(1);
    expect(second.stderr).to.contain('is being worked at by');
    first.kill('SIGINT');
    expect((await first.ended).code).to.equal(1);
    expect(first.stderr()).to.contain('the same command goes on with it');
    const [stopped] = (await json('rotations')) as readonly { id: string; state: string; done: number }[];
    expect(stopped?.state).to.equal('interrupted');
    expect(stopped?.done).to.be.within(1, SECRETS - 1);
    const third = await keys('rotate', 'software', '--level', 'payload');
    expect(third.code, third.stderr).to.equal(0);
    expect(third.stderr).to.contain(`${stopped!.id} goes on`);
    const [ended] = (await json('rotations')) as readonly Record<string, unknown>[];
    expect(ended).to.deep.include({ id: stopped!.id, state: 'done', done: SECRETS, skipped: 0, failed: 0 });
  });

  it('names what it cannot rotate, and fails', async () => {
    const broken = paths[0]!.split('/').at(-1)!;
    await database
      .knex('sealed_payloads')
      .where({ secret_id: broken })
      .update({ blob: Buffer.from('KBP1 and no more') });
    const { code, stderr, stdout } = await keys(
      'rotate',
      'software',
      '--level',
      'payload',
      '--project',
      'p-0',
    );
    expect(code).to.equal(1);
    expect(stderr).to.contain(`secret ${broken} of project p-0`);
    expect(stdout)
      .to.match(/^done: 3$/m)
      .and.to.match(/^failed: 1$/m);
  });

  it('shows the keys of a project by version', async () => {
    const [kek] = (await json('status', '--project', 'p-1')) as readonly Record<string, unknown>[];
    expect(kek).to.deep.include({
      store: 'software',
      version: 1,
      state: 'active',
      master_key: 'new',
      payloads: 4,
    });
  });
});
