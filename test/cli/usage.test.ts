import { expect } from 'chai';
import { runPostern } from '../robustness/broker-process.ts';

const COMMANDS = [
  ['serve'],
  ['db', 'migrate'],
  ['db', 'status'],
  ['config', 'check'],
  ['stores', 'list'],
  ['stores', 'check'],
  ['stores', 'assign'],
  ['stores', 'unassign'],
] as const;

describe('postern --help', () => {
  it('lists every command', async () => {
    const { code, stdout, stderr } = await runPostern(['--help']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    for (const words of COMMANDS) expect(stdout).to.include(`  ${words.join(' ')} `);
  });

  it('shows what each command does, with an example of it', async () => {
    const shown = COMMANDS.map(async (words) => [words, await runPostern([...words, '--help'])] as const);
    for (const [words, { code, stdout }] of await Promise.all(shown)) {
      expect(code).to.equal(0);
      expect(stdout)
        .to.match(/^[A-Z].*\.\n/)
        .and.to.include(`  postern ${words.join(' ')}`);
    }
  });

  it('answers what is no command with the commands there are, and fails', async () => {
    const wrong = [[], ['nonsense'], ['db'], ['db', 'nonsense'], ['constructor'], ['__proto__']];
    for (const { code, stdout, stderr } of await Promise.all(wrong.map((args) => runPostern(args)))) {
      expect(code, stderr).to.equal(2);
      expect(stdout + stderr).to.include('usage: postern COMMAND');
    }
  });

  it('refuses an option it does not know', async () => {
    const { code, stderr } = await runPostern(['serve', '--confg', 'x']);
    expect(code).to.equal(1);
    expect(stderr).to.match(/^postern: .*--confg/);
  });
});
