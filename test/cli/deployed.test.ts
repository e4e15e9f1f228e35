import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createWorkplace, type Workplace } from '../robustness/broker-process.ts';

const SCRIPT = fileURLToPath(new URL('../../deploy/postern', import.meta.url));
/** What is run in place of the program says how it was run. */
const PROGRAM = `console.log(JSON.stringify({ args: process.argv.slice(2), env: process.env, uid: process.getuid() }));`;

interface Said {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
}

describe('deploy/postern', () => {
  let place: Workplace;

  beforeEach(() => {
    place = createWorkplace();
    mkdirSync(place.path('dist/src'), { recursive: true });
    writeFileSync(place.path('dist/src/main.js'), PROGRAM);
  });
  afterEach(() => {
    place.remove();
  });

  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> =>
    new Promise((resolve, reject) => {
      const { PATH, HOME } = process.env;
      const settings = {
        POSTERN_HOME: place.path('.'),
        POSTERN_USER: userInfo().username,
        POSTERN_ENVIRONMENT: place.path('environment'),
      };
      execFile(SCRIPT, args, { env: { PATH, HOME, ...settings, ...env } }, (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout) as Said);
        else reject(new Error(stderr, { cause: error }));
      });
    });

  it('passes on what was typed, word by word', async () => {
    const args = ['move', '--project', 'p 1', '--to', '', '$HOME', "it's"];
    expect((await run(args)).args).to.deep.equal(args);
  });

  it("has the service's configuration, unless it is told another", async () => {
    expect((await run([])).env).to.include({ POSTERN_CONFIG: '/etc/postern/postern.yaml' });
    expect((await run([], { POSTERN_CONFIG: '/x.yaml' })).env).to.include({ POSTERN_CONFIG: '/x.yaml' });
  });

  it("reads the service's environment as systemd does, and runs nothing of it", async () => {
    const lines = [
      '# of the service',
      '; too',
      '',
      'DATABASE_URL=postgres://postern:a=b$c#d&e@db/postern?sslmode=verify-full',
      'QUOTED="with spaces"',
      'RUN=$(touch /tmp/postern-was-run)',
      'no assignment',
      'LAST=without newline',
    ];
    writeFileSync(place.path('environment'), lines.join('\n'));
    chmodSync(place.path('environment'), 0o600);
    expect((await run([])).env).to.include({
      DATABASE_URL: 'postgres://postern:a=b$c#d&e@db/postern?sslmode=verify-full',
      QUOTED: 'with spaces',
      RUN: '$(touch /tmp/postern-was-run)',
      LAST: 'without newline',
    });
  });

  it('does without an environment', async () => {
    expect((await run(['gc'])).args).to.deep.equal(['gc']);
  });

  it("passes the program's failure on", async () => {
    writeFileSync(place.path('dist/src/main.js'), 'process.exit(3)');
    const failed: unknown = await run([]).catch((error: unknown) => error);
    expect(failed).to.have.nested.property('cause.code', 3);
  });

  describe('as root', () => {
    before(function () {
      if (process.getuid?.() !== 0) this.skip();
    });

    it("becomes the service's user, and remembers who called", async () => {
      // A folder that others may enter: `nobody` runs the program.
      chmodSync(place.path('.'), 0o755);
      const { uid, env } = await run([], { POSTERN_USER: 'nobody', SUDO_USER: 'alice' });
      expect(uid).not.to.equal(0);
      expect(env).to.include({ POSTERN_OPERATOR: 'alice' });
      expect((await run([])).env).to.include({ POSTERN_OPERATOR: 'root' });
    });
  });
});
