import { expect } from 'chai';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type http from 'node:http';
import { IdentityUnavailable, Unauthenticated } from '../../src/errors.ts';
import { createKeystoneProvider } from '../../src/identity/keystone/keystone-provider.ts';
import type { IdentityProvider } from '../../src/identity/provider.ts';
import { refusal, reply, type SeenCall } from './fake-keystone.ts';
import { asking, type KeystoneBench, optionsFor, rejection, startKeystoneBench } from './keystone-bench.ts';
import { projectToken } from './keystone-tokens.ts';

type Spoil = (call: SeenCall, response: http.ServerResponse) => boolean;

/** Answers to a validation that prove nothing about the token. */
const NO_ANSWERS: Readonly<Record<string, Spoil>> = {
  'a 500': (_, response) => reply(response, 500, refusal(500, 'Internal Server Error', 'x')),
  'a 503': (_, response) => reply(response, 503, ''),
  'a 403': (_, response) => reply(response, 403, refusal(403, 'Forbidden', 'x')),
  'a 400': (_, response) => reply(response, 400, refusal(400, 'Bad Request', 'x')),
  'a 429': (_, response) => reply(response, 429, refusal(429, 'Too Many Requests', 'x')),
  'a redirect': (_, response) => reply(response, 302, '', { location: '/elsewhere' }),
  'a 204': (_, response) => reply(response, 204, ''),
  'a 404 that is not Keystone’s': (_, response) => reply(response, 404, '<html>no such page</html>'),
  'a 404 of another shape': (_, response) => reply(response, 404, { message: 'no route' }),
  garbage: (_, response) => reply(response, 200, '{"token": {"user": '),
  'JSON of another shape': (_, response) => reply(response, 200, { token: { user: 'u-1' } }),
  'JSON null': (_, response) => reply(response, 200, 'null'),
  'a time that is none': (_, response) =>
    reply(response, 200, { token: { ...projectToken({ nowMs: 0 }), expires_at: 'tomorrow' } }),
  'an answer without end': (_, response) => reply(response, 200, `"${'x'.repeat(2 * 1024 * 1024)}"`),
};

describe('Keystone that does not answer', () => {
  let bench: KeystoneBench;
  beforeEach(async () => {
    bench = await startKeystoneBench({ timeout: 0.6 });
    bench.keystone.tokens.set('user', projectToken(bench));
  });
  afterEach(() => bench.stop());

  const ask = (provider: IdentityProvider = bench.provider): Promise<unknown> =>
    provider.identify(asking({ 'x-auth-token': 'user' }));
  const unavailable = async (work: Promise<unknown>): Promise<IdentityUnavailable> => {
    const error = await rejection(work);
    expect(error).to.be.instanceOf(IdentityUnavailable);
    return error as IdentityUnavailable;
  };
  const onValidation = (spoil: Spoil): void => {
    bench.keystone.spoil = (call, response) => call.method === 'GET' && spoil(call, response);
  };
  const onLogin = (spoil: Spoil): void => {
    bench.keystone.spoil = (call, response) => call.method === 'POST' && spoil(call, response);
  };

  for (const [what, spoil] of Object.entries(NO_ANSWERS)) {
    it(`${what} is 503, and is not remembered`, async () => {
      onValidation(spoil);
      const error = await unavailable(ask());
      expect(error.status).to.equal(503);
      expect(error.message).to.equal('The Keystone service is temporarily unavailable.');
      bench.keystone.spoil = undefined;
      expect(await ask()).to.have.nested.property('principal.user.id', 'u-1');
    });
  }

  it('a 404 of Keystone’s own is 401', async () => {
    onValidation((_, response) => reply(response, 404, refusal(404, 'Not Found', 'x')));
    expect(await rejection(ask())).to.be.instanceOf(Unauthenticated);
  });

  it('silence is 503 at the deadline', async () => {
    onValidation(() => true);
    const begun = performance.now();
    await unavailable(ask());
    expect(performance.now() - begun).to.be.within(500, 1500);
  });

  it('a body that trickles is 503 at the deadline', async () => {
    let trickle: NodeJS.Timeout | undefined;
    onValidation((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      trickle = setInterval(() => response.write(' '), 50);
      return true;
    });
    const begun = performance.now();
    await unavailable(ask());
    clearInterval(trickle);
    expect(performance.now() - begun).to.be.within(500, 1500);
  });

  it('login and validation share one deadline', async () => {
    onLogin(() => true);
    const begun = performance.now();
    await unavailable(ask());
    expect(performance.now() - begun).to.be.within(500, 1500);
  });

  it('a refused connection is tried again, then 503', async () => {
    await bench.keystone.stop();
    const { cause } = await unavailable(ask());
    expect(cause).to.have.property('code', 'ECONNREFUSED');
  });

  it('a connection that breaks is tried again', async () => {
    let broken = 0;
    onValidation((_, response) => {
      broken += 1;
      if (broken > 2) return false;
      response.socket?.destroy();
      return true;
    });
    expect(await ask()).to.have.nested.property('principal.user.id', 'u-1');
    expect(bench.validations()).to.equal(3);
  });

  it('is not asked more often than the options say', async () => {
    const few = await startKeystoneBench({ max_retries: 2 });
    few.keystone.spoil = (_, response) => {
      response.socket?.destroy();
      return true;
    };
    await unavailable(ask(few.provider));
    expect(few.logins()).to.equal(3);
    await few.stop();
  });

  it('is asked only once when it did answer', async () => {
    onValidation((_, response) => reply(response, 500, ''));
    await unavailable(ask());
    expect(bench.validations()).to.equal(1);
  });

  it('a peer that accepts and never speaks TLS is 503 within the deadline', async () => {
    const mute = net.createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const options = optionsFor(url, { timeout: 0.6, connect_timeout: 0.2, max_retries: 1 });
    const provider = createKeystoneProvider('ks', options, { clock: () => bench.nowMs });
    const { cause } = await unavailable(ask(provider));
    await provider.close();
    mute.close();
    expect(cause).to.have.property('message', 'no connection in time');
  });
});

describe('our own Keystone token', () => {
  let bench: KeystoneBench;
  beforeEach(async () => {
    bench = await startKeystoneBench();
    for (let index = 0; index < 20; index += 1)
      bench.keystone.tokens.set(`user-${index}`, projectToken(bench));
  });
  afterEach(() => bench.stop());

  const ask = (index: number): Promise<unknown> =>
    bench.provider.identify(asking({ 'x-auth-token': `user-${index}` }));

  it('is asked for once, however many wait for it', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => ask(index)));
    expect([bench.logins(), bench.validations()]).to.deep.equal([1, 20]);
  });

  it('is renewed when less than two minutes are left', async () => {
    await ask(0);
    bench.nowMs += 3600_000 - 121_000;
    await ask(1);
    expect(bench.logins()).to.equal(1);
    bench.nowMs += 2_000;
    await ask(2);
    expect(bench.logins()).to.equal(2);
  });

  it('is replaced when Keystone no longer takes it, and the question repeated', async () => {
    await ask(0);
    bench.keystone.own.clear();
    expect(await ask(1)).to.have.nested.property('principal.user.id', 'u-1');
    expect([bench.logins(), bench.validations()]).to.deep.equal([2, 3]);
  });

  it('is replaced once for all who were refused at the same time', async () => {
    await ask(0);
    bench.keystone.own.clear();
    await Promise.all(Array.from({ length: 10 }, (_, index) => ask(index + 1)));
    expect(bench.logins()).to.equal(2);
  });

  it('refused a second time is 503, not 401', async () => {
    bench.keystone.spoil = (call, response) =>
      call.method === 'GET' && reply(response, 401, refusal(401, 'Unauthorized', 'x'));
    expect(await rejection(ask(0))).to.be.instanceOf(IdentityUnavailable);
    expect([bench.logins(), bench.validations()]).to.deep.equal([2, 2]);
  });

  it('a wrong password is 503, and is not tried with every request', async () => {
    const wrong = await startKeystoneBench({ password: 'wrong-password' });
    const ask401 = (): Promise<unknown> => wrong.provider.identify(asking({ 'x-auth-token': 'user-0' }));
    for (let turn = 0; turn < 5; turn += 1)
      expect(await rejection(ask401())).to.be.instanceOf(IdentityUnavailable);
    expect(wrong.logins()).to.equal(1);
    wrong.nowMs += 6_000;
    await rejection(ask401());
    expect(wrong.logins()).to.equal(2);
    await wrong.stop();
  });

  it('a login that brings no token is 503', async () => {
    bench.keystone.spoil = (_, response) =>
      reply(response, 201, { token: { expires_at: new Date(bench.nowMs).toISOString() } });
    expect(await rejection(ask(0))).to.be.instanceOf(IdentityUnavailable);
  });
});
