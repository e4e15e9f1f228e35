import { expect } from 'chai';
import { inspect } from 'node:util';
import { BrokerError, Unauthenticated } from '../../src/errors.ts';
import { identify } from '../../src/identity/identify.ts';
import { errorFields } from '../../src/log.ts';
import { reply } from './fake-keystone.ts';
import { asking, type KeystoneBench, startKeystoneBench } from './keystone-bench.ts';
import { credentialToken, projectToken } from './keystone-tokens.ts';

/** In every credential that takes part; it must not come out anywhere. */
const CANARY = 'canary7f3a';
const USER = `user-${CANARY}`;

interface Failure {
  /** What the log says of it: proof that it failed where the canary was. */
  readonly detail: string;
  readonly cause: (bench: KeystoneBench) => void | Promise<void>;
}

const onValidation =
  (status: number, body: unknown, headers = {}) =>
  ({ keystone }: KeystoneBench): void => {
    keystone.spoil = (call, response) => call.method === 'GET' && reply(response, status, body, headers);
  };

const FAILURES: Readonly<Record<string, Failure>> = {
  'an unknown token': {
    detail: 'no such token',
    cause: ({ keystone }) => keystone.tokens.clear(),
  },
  'a refused rule': {
    detail: 'no access rule',
    cause: (bench) => void bench.keystone.tokens.set(USER, credentialToken(bench, [])),
  },
  'no project': {
    detail: 'not scoped',
    cause: (bench) => void bench.keystone.tokens.set(USER, projectToken(bench, { project: undefined })),
  },
  'a wrong shape that quotes': {
    detail: 'not Keystone',
    cause: onValidation(200, { token: { user: CANARY, [CANARY]: CANARY } }),
  },
  'broken JSON that quotes': { detail: 'not JSON', cause: onValidation(200, `${CANARY} is not JSON`) },
  'a refusal that quotes': {
    detail: 'answered 403',
    cause: onValidation(403, CANARY, { 'x-subject-token': CANARY }),
  },
  'our own token refused': { detail: 'answered 401', cause: onValidation(401, CANARY) },
  'a login refused': {
    detail: 'login was answered 401',
    cause: ({ keystone }) => {
      keystone.spoil = (call, response) => reply(response, 401, call.body);
    },
  },
  'a login whose answer quotes': {
    detail: 'not JSON',
    cause: ({ keystone }) => {
      keystone.spoil = (call, response) =>
        reply(response, 201, `${call.body}x`, { 'x-subject-token': CANARY });
    },
  },
  'a connection that breaks': {
    detail: 'GET /auth/tokens: no answer',
    cause: ({ keystone }) => {
      keystone.spoil = ({ method }, { socket }) => method === 'GET' && socket?.destroy() !== undefined;
    },
  },
  silence: {
    detail: 'no answer',
    cause: ({ keystone }) => {
      keystone.spoil = ({ method }) => method === 'GET';
    },
  },
  'nobody there': { detail: 'POST /auth/tokens: no answer', cause: ({ keystone }) => keystone.stop() },
};

const HEADERS: Readonly<Record<string, Record<string, string>>> = {
  'a token with odd characters': { 'x-auth-token': `${CANARY} \u00e9` },
  'a token that is too long': { 'x-auth-token': CANARY.repeat(1000) },
  'a lone service token': { 'x-service-token': CANARY },
  'an unknown service token': { 'x-auth-token': USER, 'x-service-token': CANARY },
  'a service token without a service role': { 'x-auth-token': USER, 'x-service-token': USER },
};

function everythingIn(error: unknown): string {
  const deep = inspect(error, { depth: 12, showHidden: true, getters: true });
  return `${deep}${JSON.stringify(error)}${JSON.stringify(errorFields(error))}`;
}

describe('credentials never come out of identity', () => {
  let bench: KeystoneBench;
  beforeEach(async () => {
    const password = { username: 'postern', password: `our-password-${CANARY}` };
    bench = await startKeystoneBench({ ...password, timeout: 0.3, max_retries: 1 });
    bench.keystone.ownPrefix = `own-${CANARY}`;
    bench.keystone.tokens.set(USER, projectToken(bench));
  });
  afterEach(() => bench.stop());

  const failure = async (headers: Record<string, string>): Promise<BrokerError> => {
    const outcome = await identify([bench.provider], asking(headers)).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(BrokerError);
    return outcome as BrokerError;
  };

  for (const [what, { detail, cause }] of Object.entries(FAILURES)) {
    it(`in the error of ${what}`, async () => {
      await cause(bench);
      const error = await failure({ 'x-auth-token': USER });
      expect(error.detail).to.contain(detail);
      expect(everythingIn(error)).not.to.contain(CANARY);
    });
  }

  for (const [what, headers] of Object.entries(HEADERS)) {
    it(`in the error of ${what}`, async () => {
      const error = await failure(headers);
      expect(error).to.be.instanceOf(Unauthenticated);
      expect(everythingIn(error)).not.to.contain(CANARY);
    });
  }

  it('in the provider or the principal themselves', async () => {
    const identity = await identify([bench.provider], asking({ 'x-auth-token': USER }));
    expect(bench.keystone.calls.at(-1)?.headers['x-auth-token']).to.contain(CANARY);
    expect(everythingIn(identity) + everythingIn(bench.provider)).not.to.contain(CANARY);
  });
});
