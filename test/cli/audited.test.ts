import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { COMMANDS } from '../../src/cli/commands.ts';
import {
  configuration,
  createWorkplace,
  MASTER_KEY,
  OTHER_KEY,
  runPostern,
  serveProcess,
  softwareStore,
  type Ran,
  type Workplace,
} from '../robustness/broker-process.ts';
import { send } from '../robustness/client.ts';

interface Line {
  readonly time: string;
  readonly kind: string;
  readonly request_id: string;
  readonly action: string;
  readonly principal: Readonly<Record<string, string | null>>;
  readonly target: Readonly<Record<string, string | null>>;
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean>>;
  readonly run?: string | null;
  readonly exit_code?: number;
  readonly duration_ms?: number;
}

describe('the audit of commands', () => {
  let place: Workplace;
  let file: string;
  let trail: string;

  beforeEach(async function () {
    this.timeout(60_000);
    place = createWorkplace();
    const stores = {
      default: 'software',
      configured: [softwareStore('software', MASTER_KEY), softwareStore('other', OTHER_KEY)],
    };
    const audit = { sinks: [{ kind: 'file', path: place.path('trail/audit.jsonl') }] };
    trail = place.path('trail/audit.jsonl.commands');
    file = place.config(configuration(place, { stores, audit }));
    expect(await run('db', 'migrate')).to.include({ code: 0 });
  });
  afterEach(() => {
    place.remove();
  });

  const run = (...words: readonly string[]): Promise<Ran> => runPostern([...words, '--config', file]);
  const lines = (): readonly Line[] =>
    readFileSync(trail, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  const assigned = async (): Promise<unknown> =>
    (JSON.parse((await run('stores', 'list', '--json')).stdout) as { projects: string[] }[]).map(
      ({ projects }) => projects,
    );

  it('has every command that changes stores, keys or secrets, and no other', () => {
    const changing = Object.entries(COMMANDS).filter(([, { isAudited }]) => isAudited?.({ destroy: true }));
    expect(changing.map(([name]) => name)).to.have.members([
      'stores assign',
      'stores unassign',
      'verify',
      'keys init',
      'keys rotate',
      'keys retire',
      'gc',
      'move',
      'move resume',
      'move pause',
      'move undo',
      'move finish',
    ]);
  });

  it('says who does what to which project, before and after', async () => {
    expect(await run('stores', 'assign', '--project', 'p-1', '--store', 'other')).to.include({ code: 0 });
    const [intent, outcome, ...more] = lines();
    expect(more).to.deep.equal([]);
    expect(intent).to.deep.include({
      kind: 'intent',
      action: 'command:stores assign',
      target: { type: 'project', id: 'p-1', project_id: 'p-1' },
      words: [],
      options: { project: 'p-1', store: 'other' },
    });
    expect(intent?.principal['user_id']).to.match(/.@./);
    expect(intent?.time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(outcome).to.deep.include({
      ...intent,
      time: outcome?.time,
      kind: 'outcome',
      exit_code: 0,
      run: null,
    });
    expect(outcome?.duration_ms).to.be.a('number');
    expect(statSync(trail).mode & 0o777).to.equal(0o600);
  });

  it('is the same whether words or options were typed', async () => {
    await run('stores', 'assign', 'p-1', 'other');
    await run('stores', 'assign', '--project', 'p-1', '--store', 'other');
    const [first, , second] = lines();
    expect({ ...second, time: '', request_id: '' }).to.deep.equal({ ...first, time: '', request_id: '' });
  });

  it('leads from a move or a rotation to its id', async function () {
    this.timeout(60_000);
    const broker = await serveProcess(file);
    try {
      const body = { payload: 'of nobody else', payload_content_type: 'text/plain' };
      await send(broker.url, 'POST', '/v1/secrets', { project: 'p-1', body });
    } finally {
      broker.kill('SIGTERM');
      await broker.ended;
    }
    expect(await run('move', '--project', 'p-1', '--to', 'other', '--keep')).to.include({ code: 0 });
    const id = lines().at(-1)?.run;
    expect(id).to.match(/^mov-/);
    expect(await run('move', 'finish', id!)).to.include({ code: 0 });
    expect(await run('keys', 'rotate', 'other', '--level', 'payload')).to.include({ code: 0 });
    expect(lines().map(({ kind, action, run: of, words }) => [kind, action, of, words])).to.deep.equal([
      ['intent', 'command:move', undefined, []],
      ['batch', 'command:move', undefined, []],
      ['outcome', 'command:move', id, []],
      ['intent', 'command:move finish', undefined, [id]],
      ['batch', 'command:move finish', undefined, [id]],
      ['outcome', 'command:move finish', id, [id]],
      ['intent', 'command:keys rotate', undefined, ['other']],
      ['batch', 'command:keys rotate', undefined, ['other']],
      ['outcome', 'command:keys rotate', lines().at(-1)?.run, ['other']],
    ]);
    expect(lines().at(-1)?.run).to.match(/^rot-/);
    expect(lines()[1]).to.include({ work: 'moving', done: 1, skipped: 0, failed: 0 });
    expect(lines()[4]).to.include({ work: 'destroying the old copies', done: 1, skipped: 0, failed: 0 });
    expect(lines()[7]).to.include({ work: 'payloads', done: 1, skipped: 0, failed: 0 });
    expect(readFileSync(trail, 'utf8')).not.to.include('of nobody else');
  });

  it('tells what failed', async () => {
    expect(await run('stores', 'assign', 'p-1', 'nowhere')).to.include({ code: 1 });
    expect(lines().map(({ kind, exit_code: code }) => [kind, code])).to.deep.equal([
      ['intent', undefined],
      ['outcome', 1],
    ]);
  });

  it('has nothing of what only looks', async () => {
    for (const words of [
      ['stores', 'list'],
      ['move', '--project', 'p-1', '--to', 'other', '--dry-run'],
      ['gc'],
      ['keys', 'rotate', 'software', '--level', 'master', '--dry-run'],
    ])
      expect(await run(...words), words.join(' ')).to.include({ code: 0 });
    expect(existsSync(trail)).to.equal(false);
  });

  it('comes first: where it cannot be written, nothing happens', async () => {
    const before = await assigned();
    mkdirSync(trail, { recursive: true });
    const { code, stderr } = await run('stores', 'assign', 'p-1', 'other');
    expect(code).to.equal(1);
    expect(stderr).to.match(/^postern: the audit file .*audit\.jsonl\.commands cannot be written/);
    expect(await assigned()).to.deep.equal(before);
    rmSync(trail, { recursive: true });
    expect(await run('stores', 'assign', 'p-1', 'other')).to.include({ code: 0 });
    expect(await assigned()).not.to.deep.equal(before);
  });

  it('keeps lines whole, of commands at once and after one that a full disk cut off', async function () {
    this.timeout(60_000);
    mkdirSync(place.path('trail'));
    writeFileSync(trail, '{"time":"2026-');
    const projects = Array.from({ length: 6 }, (_, n) => `p-${n}`);
    const ran = await Promise.all(projects.map((project) => run('stores', 'assign', project, 'other')));
    expect(ran.map(({ code }) => code)).to.deep.equal(projects.map(() => 0));
    const [torn, ...whole] = readFileSync(trail, 'utf8').split('\n').filter(Boolean);
    expect(torn).to.equal('{"time":"2026-');
    const outcomes = whole.map((line) => JSON.parse(line) as Line).filter(({ kind }) => kind === 'outcome');
    expect(outcomes.map(({ target }) => target['project_id'])).to.have.members(projects);
  });
});
