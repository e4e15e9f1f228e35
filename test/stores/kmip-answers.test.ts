import { expect } from 'chai';
import {
  BrokerError,
  Conflict,
  IntegrityError,
  NotExportable,
  NotSupported,
  StoreMisconfigured,
  StoreRejected,
  StoreUnavailable,
} from '../../src/errors.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { StoreRef } from '../../src/stores/secret-store.ts';
import { RESULT_REASON, type Operation, type ResultReason } from '../../src/ttlv/enums.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { openFake, type FakeBench } from './kmip-bench.ts';

type ErrorClass = abstract new (...parameters: never[]) => Error;

/** What callers of `get` are told, by the reason the server gives; every other reason is an answer that makes no sense. */
const OF_GET: Readonly<Partial<Record<ResultReason, ErrorClass>>> = {
  'Authentication Not Successful': StoreMisconfigured,
  'Permission Denied': StoreMisconfigured,
  'Attestation Required': StoreMisconfigured,
  'Attestation Failed': StoreMisconfigured,
  'Not Authorised': StoreMisconfigured,
  'Bad Password': StoreMisconfigured,
  'Invalid Ticket': StoreMisconfigured,
  'Operation Canceled by Requester': StoreUnavailable,
  'Internal Server Error': StoreUnavailable,
  'Server Limit Exceeded': StoreUnavailable,
  'Protection Storage Unavailable': StoreUnavailable,
  'Private Protection Storage Unavailable': StoreUnavailable,
  'Public Protection Storage Unavailable': StoreUnavailable,
  'General Failure': StoreUnavailable,
  'Operation Not Supported': NotSupported,
  'Feature Not Supported': NotSupported,
  'Key Format Type Not Supported': NotSupported,
  'Application Namespace Not Supported': NotSupported,
  'Key Wrap Type Not Supported': NotSupported,
  'Object Archived': NotSupported,
  'Object Already Exists': Conflict,
  'Non Unique Name Attribute': Conflict,
  Sensitive: NotExportable,
  'Not Extractable': NotExportable,
};
const ABSENT: readonly ResultReason[] = ['Item Not Found', 'Object Not Found', 'Object Destroyed'];
const REASONS = Object.keys(RESULT_REASON) as readonly ResultReason[];

const SERVER_WORDS = 'words of the server';

describe('kmip answers', () => {
  let bench: FakeBench;
  let secret: SecretHeader;
  let ref: StoreRef;
  beforeEach(async () => {
    bench = await openFake();
    secret = aSecretHeader();
    ref = await bench.store.put(secret, payloadOf('canary'));
    bench.server.requests.length = 0;
  });
  afterEach(() => bench.close());

  const refuse = (operation: Operation, reason: ResultReason): void => {
    bench.server.react = (request) =>
      request.operation === operation ? { reason, message: SERVER_WORDS } : 'usual';
  };

  describe('a refused Get', () => {
    for (const reason of REASONS) {
      if (ABSENT.includes(reason)) {
        it(`is absence when the reason is ${reason}`, async () => {
          refuse('Get', reason);
          expect(await bench.store.get(secret, ref)).to.equal(undefined);
        });
        continue;
      }
      it(`is never absence when the reason is ${reason}`, async () => {
        refuse('Get', reason);
        const error = await rejection(bench.store.get(secret, ref));
        expect(error).to.be.instanceOf(OF_GET[reason] ?? StoreRejected);
        expect((error as Error).constructor).to.equal(OF_GET[reason] ?? StoreRejected);
        const { detail } = error as BrokerError;
        expect(detail).to.contain('store "fake"').and.contain(reason).and.contain(SERVER_WORDS);
        expect((error as Error).message).not.to.contain(SERVER_WORDS);
      });
    }

    it('is an answer that makes no sense when the reason is none of the standard', async () => {
      refuse('Get', 'Item Not Found');
      // The last number in the message is that of the reason; a vendor's begins with 8.
      bench.server.distort = (answer) => [
        Buffer.from(
          answer.toString('hex').replace('42007e050000000400000001', '42007e050000000480000001'),
          'hex',
        ),
      ];
      expect(await rejection(bench.store.get(secret, ref))).to.be.instanceOf(StoreRejected);
    });
  });

  for (const operation of ['Locate', 'Register', 'Get Attributes', 'Destroy'] as const) {
    it(`takes no refusal of ${operation} for success or absence`, async () => {
      for (const reason of REASONS.filter((one) => !ABSENT.includes(one))) {
        refuse(operation, reason);
        const fresh = aSecretHeader();
        // A second connection has not asked for the name of the object.
        const outcomes = await Promise.allSettled(
          operation === 'Destroy'
            ? [bench.store.destroy(secret, ref)]
            : operation === 'Get Attributes'
              ? [bench.store.get(secret, ref), bench.store.get(secret, ref)]
              : [bench.store.put(fresh, payloadOf('canary'))],
        );
        const errors = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
        if (operation !== 'Get Attributes') expect(errors, reason).to.have.length(1);
        for (const error of errors) {
          expect(error, reason).to.be.instanceOf(BrokerError);
          expect(JSON.stringify(error), reason).not.to.contain('canary');
        }
        bench.server.react = () => 'usual';
        expect((await bytesOf(bench.store, secret, ref))?.toString(), reason).to.equal('canary');
      }
    }).timeout(30_000);
  }

  for (const reason of ABSENT) {
    it(`takes ${reason} for a Destroy that was done before`, async () => {
      refuse('Destroy', reason);
      await bench.store.destroy(secret, ref);
    });
  }

  it('destroys what is active by revoking it first', async () => {
    const active = await openFake({}, { activate: true });
    try {
      const key = aSecretHeader({ secretType: 'symmetric', algorithm: 'aes', bitLength: 128 });
      const place = await active.store.put(key, payloadOf('sixteen bytes ok'));
      expect([...active.server.objects.all.values()].map(({ state }) => state)).to.deep.equal(['Active']);
      await active.store.destroy(key, place);
      expect(active.server.objects.all.size).to.equal(0);
      expect(active.server.requests.map(({ operation }) => operation)).to.include.members(['Revoke']);
    } finally {
      await active.close();
    }
  });

  it('does not take the refusal to destroy what is not active for success', async () => {
    refuse('Destroy', 'Permission Denied');
    expect(await rejection(bench.store.destroy(secret, ref))).to.be.instanceOf(StoreMisconfigured);
    expect(bench.server.objects.all.size).to.equal(1);
  });

  it('pages somebody when the object is now of another secret', async () => {
    const [uid, object] = [...bench.server.objects.all][0]!;
    const restarted = await openFake({}, {});
    try {
      restarted.server.objects.all.set(uid, { ...object, names: ['postern:fake:somebody-else'] });
      const error = await rejection(restarted.store.get(secret, ref));
      expect(error).to.be.instanceOf(IntegrityError);
      await restarted.store.destroy(secret, ref);
      expect(restarted.server.objects.all.size).to.equal(1);
    } finally {
      await restarted.close();
    }
  });

  it('believes no server that finds everything, whatever the name', async () => {
    bench.server.react = ({ operation, version, payload }) => {
      if (operation !== 'Locate') return 'usual';
      expect(payload.value.length).to.be.above(0);
      const everything = bench.server.objects.answer({
        operation,
        version,
        header: payload,
        payload: { ...payload, value: [] },
      });
      return everything;
    };
    const other = aSecretHeader();
    expect(await bench.store.locate(other)).to.equal(undefined);
    expect(await bench.store.locate(secret)).to.equal(ref);
  });
});
