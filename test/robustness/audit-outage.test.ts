import { existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { expect } from 'chai';
import { startApp, type Answer, type TestApp } from '../helpers/app.ts';
import { databases } from '../helpers/databases.ts';
import { createWorkplace, rowsOf, until, type Workplace } from './broker-process.ts';
import { pathOf, textSecret } from './client.ts';

const sqlite = databases().find(({ name }) => name === 'sqlite3')!;
/** The smallest there may be: a hundred requests or so. */
const SPOOL_BYTES = 65_536;
const MORE_THAN_FIT = 500;

describe('an audit that takes no lines', function () {
  this.timeout(60_000);
  let place: Workplace;
  let app: TestApp;
  let path: string;

  beforeEach(async () => {
    place = createWorkplace();
    path = place.path('audit.jsonl');
    const sinks = [{ kind: 'file', path, spool_bytes: SPOOL_BYTES }];
    app = await startApp({ dialect: sqlite, config: { audit: { sinks } } });
  });
  afterEach(async () => {
    await app.close();
    place.remove();
  });

  /** The path now leads to a device on which every write fails for want of room. */
  const fill = (): void => {
    renameSync(path, `${path}.1`);
    symlinkSync('/dev/full', path);
    app.broker.services.audit.reopen();
  };
  const free = (): void => rmSync(path);
  const create = (): Promise<Answer> => app.request('POST', '/v1/secrets', { body: textSecret('x') });
  const stored = async (): Promise<number> =>
    Number((await rowsOf(app.config.database, 'select count(*) as n from secrets'))[0]?.['n']);
  /** Lines of all files about creations: that they were meant to happen, or that they did. */
  const creations = (kind: 'intent' | 'outcome'): number => {
    const files = [`${path}.1`, path].filter((file) => existsSync(file));
    const lines = files
      .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
      .filter((line) => line !== '');
    const events = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const ours = events.filter((event) => event['kind'] === kind && event['action'] === 'secrets:post');
    return ours.filter((event) => kind === 'intent' || event['status'] === 201).length;
  };

  it('lets requests go on within the spool, then refuses them with nothing done, then recovers by itself', async () => {
    const secret = pathOf(await create());
    fill();
    let accepted = 1;
    let refused: Answer | undefined;
    for (let turn = 0; turn < MORE_THAN_FIT && refused === undefined; turn += 1) {
      const answer = await create();
      if (answer.status === 201) accepted += 1;
      else refused = answer;
    }
    expect(accepted, 'requests within the spool').to.be.above(20);
    expect(refused?.status, refused?.text).to.equal(503);
    expect(refused?.headers).to.include({ 'retry-after': '5', 'content-type': 'application/json' });
    expect(refused?.json).to.include({ code: 503, title: 'Service Unavailable' });
    for (const [method, target] of [
      ['GET', `${secret}/payload`],
      ['GET', secret],
      ['GET', '/v1/secrets'],
      ['DELETE', secret],
    ] as const) {
      const answer = await app.request(method, target);
      expect(answer.status, `${method} ${target}`).to.equal(503);
      expect(answer.text).to.not.include('"x"');
    }
    expect(await stored(), 'what was refused did not happen').to.equal(accepted);

    free();
    const back = await until(async () => {
      const answer = await create();
      return answer.status === 201 ? answer : undefined;
    }, 'the audit to take lines again');
    expect(back.status).to.equal(201);
    await until(
      () => (creations('outcome') === accepted + 1 ? true : undefined),
      'the outcome of every creation',
    );
    expect(creations('intent')).to.equal(accepted + 1);
    expect((await app.request('GET', `${secret}/payload`)).text).to.equal('x');
  });

  it('goes on in a new file when the old one was taken away', async () => {
    await create();
    rmSync(path);
    await until(async () => {
      expect((await create()).status).to.equal(201);
      return existsSync(path) && creations('outcome') > 0 ? true : undefined;
    }, 'the lines in the new file');
  });
});
