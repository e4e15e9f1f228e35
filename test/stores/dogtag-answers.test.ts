import { createCipheriv } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  Conflict,
  IntegrityError,
  StoreMisconfigured,
  StoreOverloaded,
  StoreRejected,
  StoreUnavailable,
  type BrokerError,
} from '../../src/errors.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import {
  exception,
  HTML,
  startFakeKra,
  TRANSPORT,
  unwrap,
  type FakeAnswer,
  type FakeKra,
} from './dogtag-fake.ts';

type Kind = abstract new (...words: never[]) => BrokerError;

/** What each answer means, whatever was asked. */
const ANSWERS: readonly (readonly [what: string, answer: FakeAnswer | 'hang' | 'cut', Kind])[] = [
  ['401 twice', HTML(401), StoreMisconfigured],
  ['403', exception(403, 'base.ForbiddenException'), StoreMisconfigured],
  ["Tomcat's 404", HTML(404), StoreMisconfigured],
  ["Tomcat's 410", HTML(410), StoreMisconfigured],
  ['405', HTML(405), StoreRejected],
  ['409', exception(409, 'base.ConflictingOperationException'), Conflict],
  ['415', exception(415, 'base.UnsupportedMediaType'), StoreRejected],
  ['429', HTML(429), StoreOverloaded],
  ["500 of Dogtag's", exception(500, 'base.PKIException'), StoreUnavailable],
  ["500 of Tomcat's", HTML(500), StoreUnavailable],
  ['502', HTML(502), StoreUnavailable],
  ['503', HTML(503), StoreUnavailable],
  ['504', HTML(504), StoreUnavailable],
  ['200 with HTML', HTML(200), StoreRejected],
  ['200 with a list for an object', { status: 200, json: [] }, StoreRejected],
  ['200 with nothing in it', { status: 200, json: {} }, StoreRejected],
  ['nothing', 'hang', StoreUnavailable],
  ['half a connection', 'cut', StoreUnavailable],
];

const OPERATIONS: Readonly<Record<string, readonly [RegExp, (store: SecretStore) => Promise<unknown>]>> = {
  'an archival': [/keyrequests$/, (store) => store.put(aSecretHeader(), payloadOf('canary-bytes'))],
  'a question for active keys': [/keys\?/, (store) => store.locate(aSecretHeader())],
  'a question for one key': [/keys\/\d+$/, (store) => store.get(aSecretHeader(), '1' as never)],
  'a retrieval': [
    /retrieve$/,
    async (store) => {
      const secret = aSecretHeader();
      await store.get(secret, await store.put(secret, payloadOf('canary-bytes')));
    },
  ],
  'a deactivation': [
    /status=inactive$/,
    async (store) => {
      const secret = aSecretHeader();
      await store.destroy(secret, await store.put(secret, payloadOf('canary-bytes')));
    },
  ],
};

describe('answers of a KRA', () => {
  let kra: FakeKra;
  beforeEach(async () => {
    kra = await startFakeKra();
  });
  afterEach(() => kra.close());

  const SHORT = { timeouts: { connect: 0.5, request: 0.3 } };

  for (const [operation, [pattern, perform]] of Object.entries(OPERATIONS)) {
    for (const [what, answer, kind] of ANSWERS) {
      // A deactivation has no answer to read.
      if (operation === 'a deactivation' && what.startsWith('200')) continue;
      it(`${what} to ${operation} is ${kind.name}`, async () => {
        const store = await kra.open(SHORT);
        kra.respond(({ line }) => (pattern.test(line) ? answer : undefined));
        const error = await rejection(perform(store));
        expect(error).to.be.instanceOf(kind);
        if (kind === StoreUnavailable) expect(error).not.to.be.instanceOf(StoreMisconfigured);
        expect((error as BrokerError).detail).to.have.length.above(20);
        expect(inspect(error, { depth: 8 })).not.to.match(/canary-bytes|PRIVATE KEY/);
      });
    }
  }

  it('takes only the words of the KRA for absence', async () => {
    const store = await kra.open();
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('x'));
    for (const gone of [
      exception(404, 'key.KeyNotFoundException'),
      exception(404, 'base.ResourceNotFoundException'),
      exception(410, 'base.HTTPGoneException'),
    ]) {
      for (const pattern of [/keys\/\d+$/, /retrieve$/]) {
        kra.respond(({ line }) => (pattern.test(line) ? gone : undefined));
        expect(await store.get(secret, ref)).to.equal(undefined);
      }
    }
  });

  it('destroys what the KRA no longer has', async () => {
    const store = await kra.open();
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('x'));
    kra.respond(({ line }) =>
      line.endsWith('status=inactive') ? exception(404, 'key.KeyNotFoundException') : undefined,
    );
    await store.destroy(secret, ref);
  });

  it('does not take 201 for success when no key has an address', async () => {
    const store = await kra.open();
    const lost = { status: 201, json: { RequestInfo: { requestStatus: 'complete', keyURL: null } } };
    kra.respond(({ line }) => (line.endsWith('keyrequests') ? lost : undefined));
    const error = await rejection(store.put(aSecretHeader(), payloadOf('x')));
    expect(error).to.be.instanceOf(StoreRejected);
    expect((error as StoreRejected).detail).to.contain('session_key_wrap');
  });

  it('says of a bad request that no active key explains that the answer makes no sense', async () => {
    const store = await kra.open();
    kra.respond(({ line }) =>
      line.endsWith('keyrequests') ? exception(400, 'base.BadRequestException') : undefined,
    );
    expect(await rejection(store.put(aSecretHeader(), payloadOf('x')))).to.be.instanceOf(StoreRejected);
  });

  it('says that a retrieval waits for the approval of other agents, by its number', async () => {
    const store = await kra.open();
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('x'));
    kra.respond(({ line }) =>
      line.endsWith('retrieve') ? { status: 200, json: { requestID: '0x2a', nonceData: null } } : undefined,
    );
    const error = await rejection(store.get(secret, ref));
    expect(error).to.be.instanceOf(Conflict);
    expect((error as Conflict).detail).to.contain('0x2a');
  });

  it('is an IntegrityError that names the secret when padding is wrong', async () => {
    const store = await kra.open();
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('x'));
    kra.respond(({ line, attributes }) => {
      if (!line.endsWith('retrieve')) return undefined;
      const sessionKey = unwrap(TRANSPORT, attributes['transWrappedSessionKey']) ?? Buffer.alloc(0);
      const cipher = createCipheriv('aes-128-cbc', sessionKey, Buffer.alloc(16)).setAutoPadding(false);
      const sealed = cipher.update(Buffer.alloc(32)).toString('base64');
      return { status: 200, json: { wrappedPrivateData: sealed, nonceData: ivOf(16), type: 'passPhrase' } };
    });
    const error = await rejection(store.get(secret, ref));
    expect(error).to.be.instanceOf(IntegrityError);
    expect((error as IntegrityError).detail).to.contain(secret.id);
  });

  for (const [what, json] of Object.entries({
    'a payload of no whole blocks': { wrappedPrivateData: 'AAAA', nonceData: ivOf(16) },
    'no payload at all': { wrappedPrivateData: '', nonceData: ivOf(16) },
    'a short IV': { wrappedPrivateData: Buffer.alloc(16).toString('base64'), nonceData: ivOf(8) },
  })) {
    it(`is an IntegrityError that names the secret when ${what} comes back`, async () => {
      const store = await kra.open();
      const secret = aSecretHeader();
      const ref = await store.put(secret, payloadOf('x'));
      kra.respond(({ line }) => (line.endsWith('retrieve') ? { status: 200, json } : undefined));
      const error = await rejection(store.get(secret, ref));
      expect(error).to.be.instanceOf(IntegrityError);
      expect((error as IntegrityError).detail).to.contain(secret.id);
    });
  }
});

function ivOf(bytes: number): string {
  return Buffer.alloc(bytes).toString('base64');
}
