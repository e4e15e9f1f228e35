import { expect } from 'chai';
import { ConfigurationError, StoreMisconfigured, StoreUnavailable } from '../../src/errors.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { SecretStore, StoreRef } from '../../src/stores/secret-store.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { startTcpProxy, type TcpProxy } from '../robustness/tcp-proxy.ts';
import { bytesOf, payloadOf, rejection } from './secret-store-fixture.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

type Opening = (at: Address) => Promise<SecretStore>;

/** A store on the other side of a network, and ways to open it. */
export interface OutageFixture {
  /** Where the real server listens. */
  readonly server: Address;
  /** A store that works. An attempt of an operation must end within two seconds: an option of the store says so. */
  readonly open: Opening;
  /** Stores whose credentials the server refuses, each by what is wrong with them. */
  readonly refused: Readonly<Record<string, Opening>>;
}

/** Two attempts of two seconds, and some for a busy machine. */
const PATIENCE_MS = 8_000;

/**
 * What every store behind a network owes the broker when the network or the server fails: an error of the right kind in
 * time, never an answer that is wrong, and everything as it was once the server is back.
 */
export function describeStoreOutages(name: string, fixture: () => OutageFixture): void {
  describe(`secret store ${name} when its server fails`, function () {
    this.timeout(60_000);
    let proxy: TcpProxy;
    let at: Address;
    const opened: SecretStore[] = [];
    const open = async (): Promise<SecretStore> => {
      const store = await fixture().open(at);
      opened.push(store);
      return store;
    };
    beforeEach(async () => {
      proxy = await startTcpProxy(fixture().server);
      at = { host: fixture().server.host, port: proxy.port };
    });
    afterEach(async () => {
      await proxy.restore();
      await Promise.all(opened.splice(0).map((store) => store.close()));
      await proxy.close();
    });
    describeStart(
      fixture,
      () => at,
      () => proxy,
    );
    describeLater(open, () => proxy);
    describeLostAnswers(open, () => proxy);
  });
}

function describeStart(fixture: () => OutageFixture, at: () => Address, proxy: () => TcpProxy): void {
  it('does not open while the server refuses connections', async () => {
    await proxy().cut();
    expectUnavailable(await inTime(rejection(fixture().open(at()))));
  });

  it('does not open, and does not wait for ever, while the server hangs', async () => {
    proxy().freeze();
    expectUnavailable(await inTime(rejection(fixture().open(at()))));
  });

  it('does not open with what the server refuses', async () => {
    for (const [what, opening] of Object.entries(fixture().refused)) {
      const error = await inTime(rejection(opening(at())));
      const misconfigured = error instanceof StoreMisconfigured || error instanceof ConfigurationError;
      expect(misconfigured, `${what}: ${String(error)}`).to.equal(true);
      const words = error instanceof StoreMisconfigured ? error.detail : (error as Error).message;
      expect(words, what).to.have.length.above(20);
    }
  });
}

function describeLater(open: () => Promise<SecretStore>, proxy: () => TcpProxy): void {
  for (const [what, fail] of Object.entries({
    'is gone': () => proxy().cut(),
    hangs: () => Promise.resolve(proxy().freeze()),
  })) {
    it(`says that it is unavailable while the server ${what}, and goes on when it is back`, async () => {
      const store = await open();
      const secret = aSecretHeader();
      const ref = await store.put(secret, payloadOf('before'));
      await fail();
      for (const attempt of everything(store, secret, ref)) {
        expectUnavailable(await inTime(rejection(attempt())));
      }
      await proxy().restore();
      await store.health();
      expect((await bytesOf(store, secret, ref))?.toString()).to.equal('before');
      const other = aSecretHeader();
      const another = await store.put(other, payloadOf('after'));
      expect((await bytesOf(store, other, another))?.toString()).to.equal('after');
    });
  }

  it('never takes a dead server for one that has nothing', async () => {
    const store = await open();
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('here'));
    const answers = Array.from({ length: 8 }, () =>
      bytesOf(store, secret, ref).catch((error: unknown) => error),
    );
    await proxy().cut();
    for (const answer of await inTime(Promise.all(answers))) {
      if (Buffer.isBuffer(answer)) expect(answer.toString()).to.equal('here');
      else expectUnavailable(answer);
    }
  });

  it('closes while the server hangs', async () => {
    const store = await open();
    proxy().freeze();
    await inTime(store.close());
  });
}

function describeLostAnswers(open: () => Promise<SecretStore>, proxy: () => TcpProxy): void {
  it('finds or repeats a put whose answer was lost', async () => {
    const store = await open();
    for (let round = 0; round < 3; round += 1) {
      const secret = aSecretHeader();
      await store.health();
      proxy().loseAnswers();
      await inTime(store.put(secret, payloadOf('once'))).catch(expectUnavailable);
      const left = await store.locate(secret);
      const ref = await store.put(secret, payloadOf('once'));
      if (left !== undefined) expect(ref).to.equal(left);
      expect(await store.locate(secret)).to.equal(ref);
      expect((await bytesOf(store, secret, ref))?.toString()).to.equal('once');
      await store.destroy(secret, ref);
      expect(await store.locate(secret)).to.equal(undefined);
    }
  });

  it('repeats a destroy whose answer was lost', async () => {
    const store = await open();
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('gone'));
    proxy().loseAnswers();
    await inTime(store.destroy(secret, ref)).catch(expectUnavailable);
    await store.destroy(secret, ref);
    expect(await store.get(secret, ref)).to.equal(undefined);
    expect(await store.locate(secret)).to.equal(undefined);
  });

  it('gives the payload or says that it is unavailable when the answer to a get is lost', async () => {
    const store = await open();
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('kept'));
    proxy().loseAnswers();
    const answer = await inTime(bytesOf(store, secret, ref)).catch((error: unknown) => error);
    if (Buffer.isBuffer(answer)) expect(answer.toString()).to.equal('kept');
    else expectUnavailable(answer);
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal('kept');
  });
}

/** Every operation, each still to be begun. */
function everything(
  store: SecretStore,
  secret: SecretHeader,
  ref: StoreRef,
): readonly (() => Promise<unknown>)[] {
  return [
    () => store.get(secret, ref),
    () => store.locate(secret),
    () => store.put(aSecretHeader(), payloadOf('during')),
    () => store.destroy(secret, ref),
    () => store.health(),
  ];
}

function expectUnavailable(error: unknown): void {
  expect(error, String(error)).to.be.instanceOf(StoreUnavailable);
  expect(error).not.to.be.instanceOf(StoreMisconfigured);
  expect((error as StoreUnavailable).detail).to.have.length.above(10);
}

/** Fails when the promise is still open after our patience. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
