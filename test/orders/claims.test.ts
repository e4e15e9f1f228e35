import { expect } from 'chai';
import { Conflict } from '../../src/errors.ts';
import type { OrderType } from '../../src/model/order.ts';
import { now, timestampFromMillis, type Timestamp } from '../../src/model/timestamp.ts';
import type { ClaimedOrder } from '../../src/repositories/order-rows.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { createRemoteStore, openWorkshop, type Workshop } from './workshop.ts';

const AES = { algorithm: 'aes', bit_length: 256 };
const FAILURE = { status: '500', reason: 'why' };
const NOTHING = { secrets: [], container: null };

describeDatabases('claims of orders', (dialect) => {
  let db: TestDatabase;
  let shop: Workshop;
  beforeEach(async () => {
    db = await dialect.open();
    shop = openWorkshop(db, createRemoteStore());
  });
  afterEach(async () => {
    await shop.close();
    await db.close();
  });

  const inMs = (ms: number): Timestamp => timestampFromMillis(Date.now() + ms);
  const claim = (most: number, until = inMs(60_000), type: OrderType = 'key') =>
    shop.deps.orders.claimAnyProject(type, most, now(), until);

  it('are of the longest waiting, of one type, and of no more than asked for', async () => {
    const placed = [];
    for (let n = 0; n < 3; n += 1) placed.push(await shop.place('key', AES));
    const other = await shop.place('asymmetric', AES);
    expect((await claim(2)).map(({ order }) => order.id).sort()).to.deep.equal(
      placed
        .slice(0, 2)
        .map(({ id }) => id)
        .sort(),
    );
    expect((await claim(2)).map(({ order }) => order.id)).to.deep.equal([placed[2]?.id]);
    expect(await claim(2)).to.deep.equal([]);
    expect((await claim(2, inMs(1), 'asymmetric')).map(({ order }) => order.id)).to.deep.equal([other.id]);
  });

  it('are had by one of many who ask at once', async () => {
    for (let n = 0; n < 20; n += 1) await shop.place('key', AES);
    const shops = [shop, ...Array.from({ length: 3 }, () => openWorkshop(db, createRemoteStore()))];
    const taken = await Promise.all(
      shops.flatMap(({ deps }) =>
        Array.from({ length: 4 }, () => deps.orders.claimAnyProject('key', 3, now(), inMs(60_000))),
      ),
    );
    const ids = [...taken.flat(), ...(await claim(20))].map(({ order }) => order.id);
    expect(ids).to.have.length(20);
    expect(new Set(ids).size).to.equal(20);
    for (const one of shops.slice(1)) await one.close();
  });

  const lost: Readonly<Record<string, () => Promise<ClaimedOrder>>> = {
    'another has it': async () => {
      const [first] = await claim(1, inMs(-1));
      expect(await claim(1)).to.have.length(1);
      return first!;
    },
    'the order is done': async () => {
      const [first] = await claim(1);
      await shop.deps.orders.complete(first!, NOTHING, now());
      return first!;
    },
    'the order failed': async () => {
      const [first] = await claim(1);
      expect(await shop.deps.orders.fail(first!, FAILURE, now())).to.equal(true);
      return first!;
    },
    'the order is gone': async () => {
      const [first] = await claim(1);
      await shop.deps.orders.remove(first!.order);
      return first!;
    },
  };
  for (const [why, lose] of Object.entries(lost)) {
    it(`are good for nothing once ${why}`, async () => {
      await shop.place('key', AES);
      const claimed = await lose();
      const { orders } = shop.deps;
      const before = JSON.stringify(await db.knex('orders'));
      expect(await orders.postpone(claimed, inMs(0))).to.equal(false);
      expect(await orders.fail(claimed, FAILURE, now())).to.equal(false);
      const failure = await orders.complete(claimed, NOTHING, now()).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(Conflict);
      expect(JSON.stringify(await db.knex('orders'))).to.equal(before);
    });
  }

  it('run out when they are not renewed, and count', async () => {
    await shop.place('key', AES);
    const [first] = await claim(1, inMs(-1));
    const [second] = await claim(1);
    expect([first?.attempts, second?.attempts]).to.deep.equal([1, 2]);
    expect(await shop.deps.orders.postpone(second!, inMs(-1))).to.equal(true);
    expect(await claim(1)).to.have.length(1);
  });
});
