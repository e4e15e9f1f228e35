import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ConfigurationError } from '../../src/errors.ts';
import { absentSecretStore } from '../conformance/secret-store.ts';
import { rejection } from '../conformance/secret-store-fixture.ts';
import { databases, type TestDatabase } from '../helpers/databases.ts';
import { openOne, pidOf, sealOne, untilWell } from './pkcs11/kit.ts';
import { ABSENT, createReadyToken, openPkcs11, type TestToken } from './pkcs11/tokens.ts';

const SCRIPT = fileURLToPath(new URL('./pkcs11/second-process.ts', import.meta.url));
const [sqlite] = databases();

type Said = Readonly<Record<string, unknown>>;

/** Another broker process of this host. */
class OtherProcess {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(given: object) {
    this.child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, JSON.stringify(given)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface(this.child.stdout!)[Symbol.asyncIterator]();
  }

  async says(): Promise<Said> {
    const line = await this.#lines.next();
    return JSON.parse(String(line.value)) as Said;
  }

  seals(): Promise<Said> {
    this.child.stdin?.write('.');
    return this.says();
  }

  end(signal?: NodeJS.Signals): Promise<void> {
    const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    if (signal === undefined) this.child.stdin?.end();
    else this.child.kill(signal);
    return ended;
  }
}

if (ABSENT !== undefined) absentSecretStore('pkcs11', ABSENT);
else
  describe('pkcs11 in several processes of one host', function () {
    this.timeout(60_000);
    let db: TestDatabase;
    let token: TestToken;
    const others: OtherProcess[] = [];
    const start = (changes = {}): OtherProcess => {
      const other = new OtherProcess({ database: db.options, options: token.options(changes) });
      others.push(other);
      return other;
    };
    before(async () => {
      db = await sqlite!.open();
      token = await createReadyToken();
    });
    afterEach(async () => {
      token.rules();
      for (const other of others.splice(0))
        if (other.child.exitCode === null && other.child.signalCode === null) await other.end('SIGKILL');
    });
    after(async () => {
      await db.close();
      await token.remove();
    });

    it('has one process with one login for all of them, however many start at once', async () => {
      const logins = token.calls('C_Login');
      const all = [start(), start(), start()];
      const pids = await Promise.all(all.map(async (other) => (await other.says())['pid']));
      expect(new Set(pids).size).to.equal(1);
      expect(pids[0]).to.be.a('number');
      expect(token.calls('C_Login') - logins).to.equal(1);
      for (const other of all) expect(await other.seals()).to.include({ pid: pids[0] });
    });

    it('goes on for the others when the one that started it is killed', async () => {
      const first = start();
      const { pid } = await first.says();
      const store = await openPkcs11(db, token.options());
      const one = await sealOne(store, 'kept');
      await first.end('SIGKILL');
      expect((await openOne(store, one)).toString()).to.equal('kept');
      expect(await pidOf(store)).to.equal(pid);
      await store.close();
    });

    it('comes back once for all of them when it crashes', async () => {
      const all = [start(), start()];
      const [{ pid }] = (await Promise.all(all.map((other) => other.says()))) as [Said, Said];
      const logins = token.calls('C_Login');
      process.kill(pid as number, 'SIGSEGV');
      const later = await Promise.all(
        all.map(async (other) => {
          let said: Said = {};
          await untilWell(async () => {
            said = await other.seals();
            if ('failed' in said) throw new Error(String(said['failed']));
          }, 2_500);
          return said['pid'];
        }),
      );
      expect(new Set(later).size).to.equal(1);
      expect(later[0]).not.to.equal(pid);
      expect(token.calls('C_Login') - logins).to.equal(1);
    });

    it('tries a wrong PIN once for all of them', async () => {
      const logins = token.calls('C_Login');
      const wrong = { name: 'wrong', pin: '11111111' };
      const said = await Promise.all([start(wrong), start(wrong), start(wrong)].map((other) => other.says()));
      for (const one of said) expect(one['failed']).to.equal('StoreMisconfigured');
      expect(token.calls('C_Login') - logins).to.equal(1);
    });

    it('refuses another PIN beside one that works, without trying it', async () => {
      const store = await openPkcs11(db, token.options());
      const logins = token.calls('C_Login');
      const said = await start({ pin: '11111111' }).says();
      expect(said['failed']).to.equal('StoreMisconfigured');
      expect(said['detail']).to.contain('another process of this host');
      expect(token.calls('C_Login')).to.equal(logins);
      await store.close();
    });

    it('shares nothing between stores with other options', async () => {
      const [first, second] = [
        await openPkcs11(db, token.options()),
        await openPkcs11(db, token.options({ sessions: 2 })),
      ];
      expect(await pidOf(first)).not.to.equal(await pidOf(second));
      await Promise.all([first.close(), second.close()]);
    });

    it('meets where nobody else can: the folder and what is in it are ours alone', async () => {
      const store = await openPkcs11(db, token.options());
      const folder = token.options().socket_folder;
      expect(statSync(folder).mode & 0o777).to.equal(0o700);
      for (const name of readdirSync(folder))
        expect(statSync(join(folder, name)).mode & 0o077, name).to.equal(0);
      await store.close();
      const shared = join(token.folder, 'shared');
      mkdirSync(shared);
      chmodSync(shared, 0o755);
      const error = (await rejection(openPkcs11(db, token.options({ socket_folder: shared })))) as Error;
      expect(error).to.be.instanceOf(ConfigurationError);
      expect(error.message).to.contain('is open to other users');
      const long = join(token.folder, 'x'.repeat(120));
      expect(await rejection(openPkcs11(db, token.options({ socket_folder: long })))).to.be.instanceOf(
        ConfigurationError,
      );
    });

    it('starts over what a killed process left behind', async () => {
      const store = await openPkcs11(db, token.options({ name: 'left' }));
      const one = await sealOne(store, 'kept');
      process.kill(await pidOf(store), 'SIGKILL');
      await store.close();
      const again = await openPkcs11(db, token.options({ name: 'left' }));
      expect((await openOne(again, one)).toString()).to.equal('kept');
      await again.close();
    });
  });
