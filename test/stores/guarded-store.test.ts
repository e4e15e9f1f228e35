import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createMemoryStore } from '../../backends/memory/index.ts';
import {
  Conflict,
  IntegrityError,
  StoreMisconfigured,
  StoreOverloaded,
  StoreRejected,
  StoreUnavailable,
} from '../../src/errors.ts';
import { guardStore, type GuardedStore } from '../../src/stores/guarded-store.ts';
import { everyObject, type Inventory, type InventoryPage } from '../../src/stores/inventory.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import type { StoreStatus } from '../../src/stores/store-status.ts';
import { payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { describeSecretStore } from '../conformance/secret-store.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';

/** The reference store behind a wire: what comes over it is for the test to say. */
interface Wire {
  readonly store: SecretStore;
  /** What the next calls end in, then all is well. */
  readonly failures: Error[];
  /** What all calls end in. */
  down: Error | undefined;
  /** How long a call takes. */
  delayMs: number;
  calls: number;
  probes: number;
  mostAtOnce: number;
}

function createWire(): Wire {
  const real = createMemoryStore('remote');
  let running = 0;
  const wire: Wire = {
    failures: [],
    down: undefined,
    delayMs: 0,
    calls: 0,
    probes: 0,
    mostAtOnce: 0,
    store: {
      ...real,
      put: (...args) => over(() => real.put(...args)),
      locate: (...args) => over(() => real.locate(...args)),
      get: (...args) => over(() => real.get(...args)),
      destroy: (...args) => over(() => real.destroy(...args)),
      inventory: inventoryOver(over, real.inventory!),
      health: () => {
        wire.probes += 1;
        return over(() => Promise.resolve({ version: '1' }));
      },
    },
  };
  async function over<T>(work: () => Promise<T>): Promise<T> {
    wire.calls += 1;
    running += 1;
    wire.mostAtOnce = Math.max(wire.mostAtOnce, running);
    try {
      await sleep(wire.delayMs);
      const failure = wire.failures.shift() ?? wire.down;
      if (failure !== undefined) throw failure;
      return await work();
    } finally {
      running -= 1;
    }
  }
  return wire;
}

type Over = <T>(work: () => Promise<T>) => Promise<T>;

/** A page for each object. */
function inventoryOver(over: Over, real: Inventory): Inventory {
  const pageAt = (at: number) => async (): Promise<InventoryPage> => {
    const { objects } = await real.list();
    const more = at + 1 < objects.length ? { next: () => over(pageAt(at + 1)) } : {};
    return { objects: objects.slice(at, at + 1), ...more };
  };
  return { list: () => over(pageAt(0)), destroy: (object) => over(() => real.destroy(object)) };
}

describe('a guarded store', () => {
  let wire: Wire;
  let changes: StoreStatus[];
  const opened: GuardedStore[] = [];
  const guarded = (concurrency = 8, deadline = 5): GuardedStore => {
    const store = guardStore(
      wire.store,
      { concurrency, deadline },
      { clockMs: () => performance.now(), random: Math.random, onChange: (status) => changes.push(status) },
    );
    opened.push(store);
    return store;
  };
  beforeEach(() => {
    wire = createWire();
    changes = [];
  });
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));

  describe('tries again', () => {
    it('after no answer, up to three times', async () => {
      const store = guarded();
      wire.failures.push(new StoreUnavailable('one'), new StoreUnavailable('two'));
      expect(await store.locate(aSecretHeader())).to.equal(undefined);
      expect(wire.calls).to.equal(3);
    });

    it('no fourth time', async () => {
      wire.down = new StoreUnavailable('gone');
      expect(await rejection(guarded().locate(aSecretHeader()))).to.equal(wire.down);
      expect(wire.calls).to.equal(3);
    });

    for (const error of [
      new StoreMisconfigured('wrong PIN'),
      new StoreOverloaded('429'),
      new StoreRejected('not JSON'),
      new IntegrityError('', { detail: 'tag' }),
      new Conflict('other bytes'),
      new TypeError('our own fault'),
    ]) {
      it(`not after ${error.name}`, async () => {
        wire.failures.push(error);
        expect(await rejection(guarded().locate(aSecretHeader()))).to.equal(error);
        expect(wire.calls).to.equal(1);
      });
    }

    it('no more than ten times in ten seconds, with few calls', async () => {
      const store = guarded(64);
      const errors = Array.from({ length: 60 }, () => new StoreUnavailable('busy'));
      wire.failures.push(...errors);
      await Promise.allSettled(Array.from({ length: 30 }, () => store.locate(aSecretHeader())));
      expect(wire.calls).to.be.at.most(40);
    });
  });

  describe('lists page by page', () => {
    const listed = async (store: GuardedStore): Promise<number> => {
      let count = 0;
      for await (const object of everyObject(store.inventory!)) count += object.ref.length > 0 ? 1 : 0;
      return count;
    };
    const putThree = async (deadline: number): Promise<GuardedStore> => {
      const store = guarded(2, deadline);
      for (const text of ['one', 'two', 'three']) await store.put(aSecretHeader(), payloadOf(text));
      wire.calls = 0;
      return store;
    };

    it('and asks for a page again that did not come, without a gap or a repetition', async () => {
      const store = await putThree(5);
      wire.failures.push(new StoreUnavailable('first page'), new StoreUnavailable('and again'));
      expect(await listed(store)).to.equal(3);
      expect(wire.calls).to.equal(5);
    });

    it('with the deadline for each page, not for all', async () => {
      const store = await putThree(0.2);
      wire.delayMs = 110;
      expect(await listed(store)).to.equal(3);
      wire.delayMs = 400;
      expect(await rejection(listed(store))).to.be.instanceOf(StoreUnavailable);
    });
  });

  describe('ends in time', () => {
    it('a call that takes longer than the deadline, while the work goes on', async () => {
      wire.delayMs = 300;
      const store = guarded(8, 0.1);
      const secret = aSecretHeader();
      const payload = payloadOf('slow');
      const error = await rejection(store.put(secret, payload));
      payload.wipe();
      expect(error).to.be.instanceOf(StoreUnavailable);
      expect((error as StoreUnavailable).detail).to.contain('"remote"');
      await sleep(400);
      const ref = await wire.store.locate(secret);
      expect(String((await wire.store.get(secret, ref!))?.bytes()), 'not wiped under way').to.equal('slow');
    });
  });

  describe('keeps within bounds', () => {
    it('no more at once than its concurrency, the others in turn', async () => {
      wire.delayMs = 5;
      const store = guarded(3);
      await Promise.all(Array.from({ length: 15 }, () => store.locate(aSecretHeader())));
      expect(wire.mostAtOnce).to.equal(3);
      expect(wire.calls).to.equal(15);
    });

    it('refuses at once when too many wait, with when to come back', async () => {
      wire.delayMs = 50;
      const store = guarded(1);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 9 }, () => store.locate(aSecretHeader())),
      );
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused).to.have.length(4);
      for (const { reason } of refused) {
        expect(reason).to.be.instanceOf(StoreOverloaded);
        expect((reason as StoreOverloaded).headers).to.have.property('Retry-After');
      }
      expect(store.status().state, 'our own queue says nothing about the store').to.equal('ok');
    });

    it('gives up a place in the queue at the deadline', async () => {
      wire.delayMs = 400;
      const store = guarded(1, 0.15);
      const outcomes = await Promise.allSettled([
        store.locate(aSecretHeader()),
        store.locate(aSecretHeader()),
      ]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
      expect(store.status().waiting).to.equal(0);
      await sleep(400);
      expect(store.status().running).to.equal(0);
    });
  });

  describe('leaves a store alone that is down', () => {
    const fail = async (store: GuardedStore, times: number): Promise<void> => {
      for (let time = 0; time < times; time += 1) await rejection(store.locate(aSecretHeader()));
    };

    it('after five failures in a row, and says so at once with when to come back', async () => {
      const store = guarded();
      wire.down = new StoreUnavailable('connection refused');
      await fail(store, 2);
      const { calls } = wire;
      const error = await rejection(store.locate(aSecretHeader()));
      expect(wire.calls).to.equal(calls);
      expect(error).to.be.instanceOf(StoreUnavailable);
      expect((error as StoreUnavailable).detail).to.contain('connection refused');
      expect(Number((error as StoreUnavailable).headers['Retry-After'])).to.be.within(1, 2);
    });

    it('and is back within two seconds of its recovery', async () => {
      const store = guarded();
      wire.down = new StoreUnavailable('restarting');
      await fail(store, 2);
      expect(store.status()).to.include({ state: 'unavailable', reason: 'restarting' });
      wire.down = undefined;
      await sleep(1_400);
      expect(await store.locate(aSecretHeader())).to.equal(undefined);
      expect(changes.map(({ state }) => state)).to.deep.equal(['unavailable', 'ok']);
      expect(store.status()).to.deep.include({ state: 'ok', facts: { version: '1' } });
    });

    it('at the first refusal of our credentials, without knocking on', async () => {
      const store = guarded();
      wire.down = new StoreMisconfigured('wrong PIN');
      await fail(store, 1);
      await sleep(1_500);
      await fail(store, 3);
      expect(wire.calls).to.equal(1);
      expect(store.status()).to.include({ state: 'misconfigured', reason: 'wrong PIN' });
    });

    it('not because payloads do not open', async () => {
      const store = guarded();
      wire.down = new IntegrityError('', { detail: 'tag' });
      await fail(store, 30);
      expect(wire.calls).to.equal(30);
      expect(store.status().state).to.equal('ok');
    });

    it('is asked by hand whether it is back, and believed', async () => {
      const store = guarded();
      wire.down = new StoreUnavailable('gone');
      await rejection(store.health());
      expect(store.status().state).to.equal('unavailable');
      wire.down = undefined;
      expect(await store.health()).to.deep.equal({ version: '1' });
      expect(store.status().state).to.equal('ok');
    });
  });
});

describeSecretStore('memory, guarded', () => {
  const store = guardStore(
    createMemoryStore('memory'),
    { concurrency: 4, deadline: 5 },
    { clockMs: () => performance.now(), random: Math.random, onChange: () => undefined },
  );
  return Promise.resolve({ store, close: () => store.close() });
});
