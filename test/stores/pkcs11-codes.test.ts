import { expect } from 'chai';
import {
  IntegrityError,
  InternalError,
  NotSupported,
  StoreMisconfigured,
  StoreRejected,
  StoreUnavailable,
} from '../../src/errors.ts';
import { absentSecretStore } from '../conformance/secret-store.ts';
import { rejection } from '../conformance/secret-store-fixture.ts';
import { openOne, pidOf, sealOne, untilWell } from './pkcs11/kit.ts';
import { storesAtToken } from './pkcs11/stores-at-token.ts';
import { ABSENT, type TestToken } from './pkcs11/tokens.ts';

/** After a module was started afresh. */
const BACK_MS = 2_000;

if (ABSENT !== undefined) absentSecretStore('pkcs11', ABSENT);
else
  describe('pkcs11 and what the token answers', function () {
    this.timeout(60_000);
    let token: TestToken;
    const open = storesAtToken((ready) => ({ token } = ready));

    describe('return codes', () => {
      type Kind = new (...args: never[]) => Error;
      const lost = StoreUnavailable as unknown as Kind;
      const KINDS: readonly (readonly [code: string, kind: Kind, exactly: boolean])[] = [
        ...['2', '31', '5', '6', 'B1'].map((code) => [code, lost, true] as const),
        ...['30', '32', 'E0', 'E1', '80000001', '81000071', '190'].map((code) => [code, lost, true] as const),
        ...['54', '70', '62', '63', '68', '6A', 'D0', 'D1', '12', '13', 'A0', 'A4', '102', '121'].map(
          (code) => [code, StoreMisconfigured, true] as const,
        ),
        ...['40', '41', 'C0', 'C1', '110', '112'].map((code) => [code, IntegrityError, true] as const),
        ...['7', '71', '11', '20', '150'].map((code) => [code, InternalError, true] as const),
        ['21', NotSupported, true],
        ['200', StoreRejected, true],
      ];
      for (const [code, kind] of KINDS) {
        it(`0x${code} while sealing is ${kind.name}, with the code and without the payload`, async () => {
          const store = await open();
          await sealOne(store, 'warm');
          token.rules(`C_Encrypt ${code} 1`);
          const error = (await rejection(sealOne(store, 'canary-payload'))) as StoreUnavailable;
          expect(error.constructor.name).to.equal(kind.name);
          expect(error.detail).to.contain(`0x${code}`).and.to.contain('hsm');
          expect(JSON.stringify(error)).not.to.contain('canary');
          token.rules();
          await untilWell(() => sealOne(store, 'after'), BACK_MS);
        });
      }

      for (const code of ['5', '6', '40', '41']) {
        it(`0x${code} while opening is damaged bytes, while the token answers`, async () => {
          const store = await open();
          const one = await sealOne(store, 'x');
          const pid = await pidOf(store);
          token.rules(`C_Decrypt ${code} 1`);
          expect(await rejection(openOne(store, one))).to.be.instanceOf(IntegrityError);
          expect((await openOne(store, one)).toString()).to.equal('x');
          expect(await pidOf(store), 'no reset').to.equal(pid);
        });
      }

      it('0x5 while opening is an outage when the token does not answer either', async () => {
        const store = await open();
        const one = await sealOne(store, 'x');
        token.rules('C_Decrypt 5 1', 'C_GetTokenInfo 32 -1');
        const error = await rejection(openOne(store, one));
        expect(error).to.be.instanceOf(StoreUnavailable);
        token.rules();
        await untilWell(() => openOne(store, one), 3 * BACK_MS);
      });

      for (const code of ['B0', 'B3', '90', '91', '60', '82', '101']) {
        it(`0x${code} is put right, and the caller notices nothing`, async () => {
          const store = await open();
          const one = await sealOne(store, 'x');
          const pid = await pidOf(store);
          token.rules(`C_DecryptInit ${code} 1`);
          expect((await openOne(store, one)).toString()).to.equal('x');
          expect(await pidOf(store), 'no reset').to.equal(pid);
        });
      }

      for (const code of ['B3', '82', '101']) {
        it(`0x${code} again and again starts the module afresh`, async () => {
          const store = await open();
          const one = await sealOne(store, 'x');
          const pid = await pidOf(store);
          token.rules(`C_DecryptInit ${code} 2`);
          expect(await rejection(openOne(store, one))).to.be.instanceOf(StoreUnavailable);
          token.rules();
          await untilWell(() => openOne(store, one), BACK_MS);
          expect(await pidOf(store)).not.to.equal(pid);
        });
      }
    });
  });
