import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { IntegrityError, StoreMisconfigured, StoreOverloaded, StoreUnavailable } from '../../src/errors.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { absentSecretStore } from '../conformance/secret-store.ts';
import { rejection } from '../conformance/secret-store-fixture.ts';
import type { TestDatabase } from '../helpers/databases.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { bytesBelow, openOne, pidOf, sealOne, untilWell } from './pkcs11/kit.ts';
import { storesAtToken } from './pkcs11/stores-at-token.ts';
import { ABSENT, LOG_LINES, type TestToken } from './pkcs11/tokens.ts';

/** What operators are promised. */
const BACK_MS = 2_000;

if (ABSENT !== undefined) absentSecretStore('pkcs11', ABSENT);
else
  describe('pkcs11 when the module or the token fails', function () {
    this.timeout(60_000);
    let db: TestDatabase;
    let token: TestToken;
    const open = storesAtToken((ready) => ({ db, token } = ready));

    const kill = (pid: number, signal: NodeJS.Signals): void => void process.kill(pid, signal);

    for (const signal of ['SIGSEGV', 'SIGKILL'] as const) {
      it(`is back within two seconds when the process ends by ${signal}`, async () => {
        const store = await open();
        const one = await sealOne(store, 'before');
        const pid = await pidOf(store);
        kill(pid, signal);
        const took = await untilWell(() => openOne(store, one), BACK_MS);
        expect(took).to.be.below(BACK_MS);
        expect((await openOne(store, one)).toString()).to.equal('before');
        expect(await pidOf(store)).not.to.equal(pid);
        expect((await store.health())['restarts']).to.equal(1);
      });
    }

    it('starts a module that crashes each time slower and slower, whoever asks', async () => {
      const store = await open({ name: 'crashing' });
      const before = token.calls('C_Initialize');
      token.rules('C_Initialize crash -1');
      kill(await pidOf(store), 'SIGKILL');
      const until = performance.now() + 4_000;
      while (performance.now() < until) await rejection(sealOne(store, 'x'));
      expect(token.calls('C_Initialize') - before).to.be.within(3, 18);
      token.rules();
      await untilWell(() => sealOne(store, 'x'), 6_000);
    });

    it('comes back by itself, before anybody asks', async () => {
      const store = await open();
      const pid = await pidOf(store);
      const logins = token.calls('C_Login');
      kill(pid, 'SIGKILL');
      await untilWell(() => {
        if (token.calls('C_Login') === logins) throw new Error('not yet');
        return Promise.resolve();
      }, BACK_MS);
    });

    it('answers requests in flight with 503 when the module crashes, and those after it with payloads', async () => {
      const store = await open();
      const one = await sealOne(store, 'kept');
      token.rules('C_Decrypt crash 1');
      const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => openOne(store, one)));
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(failed).not.to.have.length(0);
      for (const { reason } of failed) {
        expect(reason).to.be.instanceOf(StoreUnavailable);
        expect(reason).not.to.be.instanceOf(StoreMisconfigured);
      }
      await untilWell(() => openOne(store, one), BACK_MS);
    });

    it('gives up on a process that is stopped, ends it, and is back', async () => {
      const store = await open({ attempt_timeout: 1 });
      const one = await sealOne(store, 'kept');
      const pid = await pidOf(store);
      kill(pid, 'SIGSTOP');
      const began = performance.now();
      expect(await rejection(openOne(store, one))).to.be.instanceOf(StoreUnavailable);
      expect(performance.now() - began).to.be.within(900, 1_500);
      await untilWell(() => openOne(store, one), 500 + BACK_MS);
      expect(await pidOf(store)).not.to.equal(pid);
      expect(() => kill(pid, 'SIGCONT')).to.throw();
    });

    it('serves the others while one call hangs, and is rid of it soon', async () => {
      const store = await open({ attempt_timeout: 1 });
      const one = await sealOne(store, 'kept');
      token.rules('C_Decrypt hang 1');
      const hanging = rejection(openOne(store, one));
      await sleep(100);
      expect((await openOne(store, one)).toString()).to.equal('kept');
      expect(await hanging).to.be.instanceOf(StoreUnavailable);
      const pid = await pidOf(store);
      await untilWell(async () => {
        if ((await pidOf(store)) === pid) throw new Error('not yet');
      }, 4_000);
      expect((await openOne(store, one)).toString()).to.equal('kept');
      expect(() => kill(pid, 'SIGCONT'), 'nothing is left of it').to.throw();
    });

    it('ends a process whose module hangs where it is called by turns', async () => {
      const store = await open({ attempt_timeout: 1 });
      const one = await sealOne(store, 'kept');
      const pid = await pidOf(store);
      token.rules('C_DecryptInit hang 1');
      expect(await rejection(openOne(store, one))).to.be.instanceOf(StoreUnavailable);
      await untilWell(() => openOne(store, one), 500 + BACK_MS);
      expect(() => kill(pid, 'SIGCONT')).to.throw();
    });

    it('says that it is unavailable when the module crashes at its start', async () => {
      token.rules('C_Initialize crash -1');
      const error = await rejection(open());
      expect(error).to.be.instanceOf(StoreUnavailable);
      expect((error as StoreUnavailable).detail).to.contain('hsm');
    });

    describe('the PIN', () => {
      it('is tried exactly once when it is wrong, however many processes and requests there are', async () => {
        const before = token.calls('C_Login');
        const wrong = { name: 'wrong-pin', pin: '00000000' };
        const errors = await Promise.all([1, 2, 3].map(() => rejection(open(wrong))));
        for (const error of errors) {
          expect(error).to.be.instanceOf(StoreMisconfigured);
          expect((error as StoreMisconfigured).detail)
            .to.contain('PIN')
            .and.to.contain('0xA0');
          expect((error as StoreMisconfigured).detail).not.to.contain('00000000');
        }
        expect(token.calls('C_Login') - before).to.equal(1);
        // As a supervisor that starts a failed service again at once.
        expect(await rejection(open(wrong))).to.be.instanceOf(StoreMisconfigured);
        expect(token.calls('C_Login') - before).to.equal(1);
        // Corrected, it is tried.
        await open({ name: 'wrong-pin' });
        expect(token.calls('C_Login') - before).to.equal(2);
      });

      it('is not tried again by a store whose process came back to a changed PIN', async () => {
        const store = await open({ name: 'changed-pin' });
        const before = token.calls('C_Login');
        token.rules('C_Login A0 -1');
        kill(await pidOf(store), 'SIGKILL');
        await sleep(1_500);
        for (let n = 0; n < 5; n += 1) {
          expect(await rejection(sealOne(store, 'x'))).to.be.instanceOf(StoreMisconfigured);
        }
        expect(token.calls('C_Login') - before).to.equal(1);
      });

      for (const [what, flags] of [
        ['only one try is left', '20000'],
        ['it is locked', '40000'],
      ] as const) {
        it(`is not tried when ${what}`, async () => {
          const before = token.calls('C_Login');
          token.rules(`C_GetTokenInfo flags+${flags} -1`);
          expect(await rejection(open({ name: `flags-${flags}` }))).to.be.instanceOf(StoreMisconfigured);
          expect(token.calls('C_Login')).to.equal(before);
        });
      }

      it('tells the operator that somebody has tried a wrong one', async () => {
        token.rules('C_GetTokenInfo flags+10000 -1');
        expect((await (await open()).health())['pin_count_low']).to.equal(true);
      });
    });

    it('starts the module afresh once when the device is lost, and ends well what is under way', async () => {
      const store = await open();
      const one = await sealOne(store, 'kept');
      const before = token.calls('C_Initialize');
      token.rules('C_Encrypt 32 3', 'C_Decrypt wait 1');
      const reading = openOne(store, one);
      await sleep(100);
      const lost = await Promise.all([1, 2, 3].map(() => rejection(sealOne(store, 'x'))));
      for (const error of lost) expect(error).to.be.instanceOf(StoreUnavailable);
      expect((await reading).toString()).to.equal('kept');
      token.rules();
      await untilWell(() => openOne(store, one), BACK_MS);
      expect(token.calls('C_Initialize') - before).to.equal(1);
    });

    it('lets 50 good reads pass while rows are corrupt', async () => {
      const store = await open();
      const good = await sealOne(store, 'good');
      const bad = await sealOne(store, 'bad');
      const blob = Buffer.from(bad.sealed.blob);
      blob[blob.length - 1] = (blob[blob.length - 1] as number) ^ 1;
      const corrupt = { ...bad, sealed: { ...bad.sealed, blob } };
      const [pid, logins] = [await pidOf(store), token.calls('C_Login')];
      const reads = Array.from({ length: 50 }, () => openOne(store, good));
      const refused = Array.from({ length: 10 }, () => rejection(openOne(store, corrupt)));
      for (const bytes of await Promise.all(reads)) expect(bytes.toString()).to.equal('good');
      for (const error of await Promise.all(refused)) expect(error).to.be.instanceOf(IntegrityError);
      expect([await pidOf(store), token.calls('C_Login')]).to.deep.equal([pid, logins]);
    });

    it('refuses a corrupt wrapped key as damaged, and nothing else suffers', async () => {
      const store = await open({ name: 'corrupt-kek' });
      const good = await sealOne(store, 'good');
      const bad = await sealOne(store, 'bad');
      const row = (await db.knex('keks').where({ id: bad.sealed.kekId }).first()) as { wrapped: Buffer };
      const wrapped = Buffer.from(row.wrapped);
      wrapped[wrapped.length - 1] = (wrapped[wrapped.length - 1] as number) ^ 1;
      await db.knex('keks').where({ id: bad.sealed.kekId }).update({ wrapped });
      const late = await open({ name: 'corrupt-kek', kek_cache: { entries: 1 } }).catch(
        (error: unknown) => error,
      );
      if (late instanceof Error) return expect(late.message).to.contain('root-1');
      expect(await rejection(openOne(late as SecretStore, bad))).to.be.instanceOf(IntegrityError);
      expect((await openOne(late as SecretStore, good)).toString()).to.equal('good');
    });

    it('serves many at once with one session, and refuses what is more than it can queue', async () => {
      const store = await open({ name: 'one-session', sessions: 1 });
      const one = await sealOne(store, 'x');
      const many = await Promise.all(Array.from({ length: 30 }, () => openOne(store, one)));
      expect(new Set(many.map(String))).to.deep.equal(new Set(['x']));
      token.rules('C_Decrypt wait 1');
      const flood = await Promise.allSettled(Array.from({ length: 60 }, () => openOne(store, one)));
      const refused = flood.filter((outcome) => outcome.status === 'rejected');
      expect(refused).not.to.have.length(0);
      for (const { reason } of refused) expect(reason).to.be.instanceOf(StoreOverloaded);
      expect(flood.length - refused.length).to.be.at.least(32);
    });

    it('has no output, and leaves the payload nowhere', async () => {
      const canary = 'canary-4f1d-payload';
      const store = await open();
      const one = await sealOne(store, canary);
      await openOne(store, one);
      const pid = await pidOf(store);
      for (const fd of [0, 1]) expect(readlinkSync(`/proc/${pid}/fd/${fd}`)).to.equal('/dev/null');
      token.rules('C_Decrypt crash 1');
      await rejection(openOne(store, one));
      await untilWell(() => openOne(store, one), BACK_MS);
      expect(bytesBelow(token.folder).includes(canary)).to.equal(false);
      expect(LOG_LINES.join('').includes(canary)).to.equal(false);
      expect(LOG_LINES.join('').includes(token.pin)).to.equal(false);
      const command = execFileSync('ps', ['-o', 'args=', '-p', String(await pidOf(store))], {
        encoding: 'utf8',
      });
      expect(command).not.to.contain(token.pin);
      expect(readdirSync(join(token.folder, 'run')).join()).not.to.contain(token.pin);
    });

    it('closes twice, and its process ends with the last who needs it', async () => {
      const store = await open({ name: 'ends' });
      const pid = await pidOf(store);
      await store.close();
      await store.close();
      await untilWell(() => {
        try {
          process.kill(pid, 0);
        } catch {
          return Promise.resolve();
        }
        throw new Error('still there');
      }, 2_000);
      expect(await rejection(sealOne(store, 'x', aSecretHeader()))).to.be.instanceOf(StoreUnavailable);
    });
  });
