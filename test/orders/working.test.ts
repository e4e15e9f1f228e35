import { createPrivateKey } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { NotSupported, StoreUnavailable } from '../../src/errors.ts';
import { now, timestampFromMillis } from '../../src/model/timestamp.ts';
import { storeRef } from '../../src/stores/secret-store.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { until } from '../robustness/broker-process.ts';
import { createRemoteStore, HASTE, openWorkshop, type RemoteStore, type Workshop } from './workshop.ts';

const AES = { algorithm: 'aes', bit_length: 256 };
const RSA = { algorithm: 'rsa', bit_length: 1024 };
const GIVEN_UP = 'Process TypeOrder failure seen - please contact site administrator.';

interface SecretCells {
  readonly id: string;
  readonly state: string;
  readonly secret_type: string;
}

describeDatabases('working orders', (dialect) => {
  let db: TestDatabase;
  let remote: RemoteStore;
  let shop: Workshop;
  const opened: Workshop[] = [];
  const open = (): Workshop => {
    const other = openWorkshop(db, remote);
    opened.push(other);
    return other;
  };

  beforeEach(async () => {
    db = await dialect.open();
    remote = createRemoteStore();
    shop = open();
  });
  afterEach(async () => {
    remote.gate = undefined;
    for (const one of opened.splice(0)) await one.close();
    await db.close();
  });

  const secrets = async (): Promise<readonly SecretCells[]> =>
    (await db.knex('secrets').select('id', 'state', 'secret_type').orderBy('created_at')) as SecretCells[];
  const states = async (): Promise<readonly string[]> => (await secrets()).map(({ state }) => state);
  const payloadAt = async (id: string | null): Promise<Buffer | undefined> => {
    const secret = await shop.deps.secrets.findAnyProject(String(id) as never);
    return secret && (await remote.store.get(secret, storeRef(String(secret.storeRef))))?.bytes();
  };
  const attempts = async (): Promise<number> =>
    (await db.knex<{ attempts: number }>('orders').first('attempts'))?.attempts ?? 0;
  /** An order that a process took and never came back to. */
  const abandoned = async (): Promise<void> => {
    const past = timestampFromMillis(Date.now() - 1);
    expect(await shop.deps.orders.claimAnyProject('key', 1, now(), past)).to.have.length(1);
  };

  it('begins at once where an order is placed, and looks for others', async () => {
    shop.start({ lookEveryMs: 60_000 });
    const placedHere = await shop.place('key', AES);
    expect(await shop.ended(placedHere)).to.include({ status: 'ACTIVE' });
    const placedElsewhere = await open().place('key', AES);
    await pause(100);
    expect(await shop.find(placedElsewhere)).to.include({ status: 'PENDING', secretId: null });
    const late = open();
    late.start();
    expect(await late.ended(placedElsewhere)).to.include({ status: 'ACTIVE' });
  });

  it('waits for a store that is down, and does then what was ordered', async () => {
    remote.down = true;
    shop.start();
    const [one, two] = [await shop.place('key', AES), await shop.place('asymmetric', RSA)];
    await until(() => (shop.log.length > 4 ? true : undefined), 'several attempts');
    expect([await shop.find(one), await shop.find(two)].map(({ status }) => status)).to.deep.equal([
      'PENDING',
      'PENDING',
    ]);
    expect(shop.log.join('')).to.contain('will be tried again').and.to.contain(one.id);
    remote.down = false;
    expect((await payloadAt((await shop.ended(one)).secretId))?.length).to.equal(32);
    expect(await shop.ended(two)).to.include({ status: 'ACTIVE' });
    expect(await states()).to.deep.equal(['active', 'active', 'active']);
  });

  it('tries again ever later, and gives up in the end', async () => {
    remote.down = true;
    shop.start({ attempts: 4, retryAfterMs: 50, retryAtMostMs: 100 });
    const began = Date.now();
    const order = await shop.ended(await shop.place('key', AES));
    expect(Date.now() - began).to.be.above(50 + 100 + 100);
    expect(order).to.include({ status: 'ERROR', errorStatus: '500', errorReason: GIVEN_UP, secretId: null });
    expect(remote.puts).to.be.within(1, 4);
    expect(shop.log.filter((line) => line.includes('failed for good'))).to.have.length(1);
    remote.down = false;
    await shop.sweepAll();
    expect(await secrets()).to.deep.equal([]);
  });

  it('ends an order with what the store says it will never hold', async () => {
    remote.refusal = new NotSupported('the secret store "remote" cannot hold keys', { family: 'issue' });
    shop.start();
    expect(await shop.ended(await shop.place('key', AES))).to.include({
      errorStatus: '400',
      errorReason: 'Process TypeOrder issue seen - the secret store "remote" cannot hold keys.',
    });
    expect(remote.puts).to.equal(1);
  });

  it('cuts a reason that is too long to be shown', async () => {
    remote.refusal = new NotSupported('é'.repeat(300), { family: 'issue' });
    shop.start();
    const { errorReason } = await shop.ended(await shop.place('key', AES));
    expect([...(errorReason ?? '')]).to.have.length(255);
  });

  it('ends an order whose workers all died', async () => {
    const order = await shop.place('key', AES);
    for (let crash = 0; crash < 3; crash += 1) await abandoned();
    shop.start({ attempts: 3 });
    expect(await shop.ended(order)).to.include({ status: 'ERROR', errorReason: GIVEN_UP });
    expect(remote.puts).to.equal(0);
  });

  it('makes a pair once, wherever the answer of the store is lost', async () => {
    for (const cut of [1, 2]) {
      remote.muteAt = cut;
      // The put of the passphrase comes first, and is not counted.
      remote.puts = -1;
      const order = await shop.place('asymmetric', RSA, 'hush');
      if (cut === 1) shop.start();
      expect(await shop.ended(order)).to.include({ status: 'ACTIVE' });
      expect(remote.puts).to.equal(cut + 2);
    }
    await shop.sweepAll();
    expect((await secrets()).map(({ state, secret_type: type }) => `${state} ${type}`).sort()).to.deep.equal(
      ['active passphrase', 'active private', 'active public'].flatMap((one) => [one, one]),
    );
    const members = (await db.knex('container_secrets').whereNotNull('name')) as unknown[];
    expect(members).to.have.length(6);
  });

  it('keeps a passphrase for as long as it is needed, and no longer', async () => {
    const order = await shop.place('asymmetric', RSA, 'hush');
    await shop.sweepAll();
    expect(await states()).to.deep.equal(['pending']);
    shop.start();
    expect(await shop.ended(order)).to.include({ status: 'ACTIVE' });
    const byType = new Map((await secrets()).map(({ id, secret_type: type }) => [type, id]));
    expect((await payloadAt(byType.get('passphrase') ?? null))?.toString()).to.equal('hush');
    const key = (await payloadAt(byType.get('private') ?? null)) ?? Buffer.alloc(0);
    expect(createPrivateKey({ key, passphrase: 'hush' }).asymmetricKeyType).to.equal('rsa');
    await shop.ended(await shop.place('asymmetric', { ...RSA, algorithm: 'bogus' }, 'hush'));
    expect(await states()).to.have.length(4);
    await shop.sweepAll();
    expect(await states()).to.deep.equal(['active', 'active', 'active']);
  });

  it('is refused while the store cannot keep its passphrase', async () => {
    remote.down = true;
    const failure = await shop.place('asymmetric', RSA, 'hush').catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(StoreUnavailable);
    expect(await db.knex('orders')).to.deep.equal([]);
    remote.down = false;
    await shop.sweepAll();
    expect(await secrets()).to.deep.equal([]);
  });

  it('keeps its claim for as long as the work takes', async () => {
    let unlock = (): void => undefined;
    remote.gate = new Promise((resolve) => (unlock = resolve));
    shop.start();
    open().start();
    const order = await shop.place('key', AES);
    await pause(3 * HASTE.leaseMs);
    expect([await attempts(), remote.puts]).to.deep.equal([1, 1]);
    unlock();
    expect(await shop.ended(order)).to.include({ status: 'ACTIVE' });
  });

  it('does no harm when it comes back to an order that another has done meanwhile', async () => {
    let unlock = (): void => undefined;
    remote.gate = new Promise((resolve) => (unlock = resolve));
    // No renewal in time: a process that stood still.
    shop.start({ leaseMs: 1e7 });
    const order = await shop.place('key', AES);
    await until(() => (remote.puts === 1 ? true : undefined), 'the first put');
    await db.knex('orders').update({ due_at: now() });
    remote.gate = undefined;
    const other = open();
    other.start();
    const done = await other.ended(order);
    const payload = (await payloadAt(done.secretId))?.toString('hex');
    unlock();
    await pause(200);
    expect(await shop.find(order)).to.deep.equal(done);
    expect((await payloadAt(done.secretId))?.toString('hex')).to.equal(payload);
    await shop.sweepAll();
    expect(await states()).to.deep.equal(['active']);
  });

  it('makes nothing of an order that is deleted meanwhile', async () => {
    let unlock = (): void => undefined;
    remote.gate = new Promise((resolve) => (unlock = resolve));
    shop.start();
    const order = await shop.place('key', AES);
    await until(() => (remote.puts === 1 ? true : undefined), 'the put');
    await shop.deps.orders.remove(order);
    unlock();
    await pause(100);
    await shop.sweepAll();
    expect(await secrets()).to.deep.equal([]);
    expect(await shop.deps.orders.find(order.projectId, order.id)).to.equal(undefined);
  });

  it('gives every order to one of several processes, and ends when told to', async () => {
    const shops = [shop, open(), open()];
    const orders = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        shops[n % 3]!.place(n % 10 === 0 ? 'asymmetric' : 'key', n % 10 === 0 ? RSA : AES),
      ),
    );
    for (const one of shops) one.start();
    for (const order of orders) expect(await shop.ended(order)).to.include({ status: 'ACTIVE' });
    expect(await db.knex('orders').pluck('attempts')).to.deep.equal(orders.map(() => 1));
    expect(await states()).to.deep.equal(Array.from({ length: 33 }, () => 'active'));
    const counts = (await db.knex('secret_counts').pluck('secrets')) as unknown[];
    expect(counts.reduce<number>((sum, count) => sum + Number(count), 0)).to.equal(33);
    expect(shops.flatMap(({ log }) => log)).to.deep.equal([]);
  });
});
