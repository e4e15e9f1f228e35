import { createPrivateKey, createPublicKey } from 'node:crypto';
import { expect } from 'chai';
import type { Order } from '../../src/model/order.ts';
import { secretId } from '../../src/model/ids.ts';
import { readPayload } from '../../src/operations/secrets/read-payload.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { createRemoteStore, openWorkshop, type RemoteStore, type Workshop } from './workshop.ts';

interface Row {
  readonly id: string;
  readonly state: string;
  readonly secret_type: string;
  readonly payload_size: number;
}

const AES = { algorithm: 'aes', bit_length: 256, mode: 'cbc' };
const EC = { algorithm: 'ecdsa', bit_length: 256 };

describeDatabases('orders at a store that makes keys', (dialect) => {
  let db: TestDatabase;
  let remote: RemoteStore;
  let shop: Workshop;

  beforeEach(async () => {
    db = await dialect.open();
    remote = createRemoteStore({ generates: true });
    shop = openWorkshop(db, remote);
    shop.start();
  });
  afterEach(async () => {
    await shop.close();
    await db.close();
  });

  const rows = async (): Promise<readonly Row[]> =>
    db
      .knex<Row>('secrets')
      .orderBy('secret_type')
      .select<Row[]>('id', 'state', 'secret_type', 'payload_size');
  const payloadOf = async (id: string): Promise<Buffer> => {
    const secret = await shop.deps.secrets.findAnyProject(secretId(id));
    if (secret === undefined) throw new Error('no such secret');
    return (await readPayload(shop.deps, secret, undefined)).bytes();
  };
  const active = async (order: Order): Promise<void> => {
    expect(await shop.ended(order)).to.include({ status: 'ACTIVE' });
  };

  it('leave the making to the store, and know the size of what it made', async () => {
    await active(await shop.place('key', AES));
    expect(remote).to.include({ puts: 0, makes: 1 });
    const [key] = await rows();
    expect(key).to.include({ state: 'active', secret_type: 'symmetric', payload_size: 32 });
    expect(await payloadOf(key!.id)).to.have.length(32);
  });

  it('have pairs made there too, both halves of one', async () => {
    await active(await shop.place('asymmetric', EC));
    expect(remote).to.include({ puts: 0, makes: 1 });
    const [privateRow, publicRow] = await rows();
    const [privatePem, publicPem] = [await payloadOf(privateRow!.id), await payloadOf(publicRow!.id)];
    expect([privateRow, publicRow].map((row) => row!.payload_size)).to.deep.equal([
      privatePem.length,
      publicPem.length,
    ]);
    const derived = createPublicKey(createPrivateKey(privatePem)).export({ type: 'spki', format: 'pem' });
    expect(publicPem.toString()).to.equal(derived);
  });

  it('make the rest themselves: other algorithms, and private keys under a passphrase', async () => {
    await active(await shop.place('key', { ...AES, algorithm: 'hmacsha256' }));
    await active(await shop.place('asymmetric', EC, 'hush'));
    expect(remote).to.include({ puts: 4, makes: 0 });
  });

  it('make nothing twice when the answer is lost', async () => {
    for (const [type, meta] of [
      ['key', AES],
      ['asymmetric', EC],
    ] as const) {
      Object.assign(remote, { makes: 0, muteMake: true });
      await active(await shop.place(type, meta));
      expect(remote.makes).to.equal(2);
    }
    await shop.sweepAll();
    expect((await rows()).map(({ state, secret_type: type }) => `${state} ${type}`)).to.deep.equal([
      'active private',
      'active public',
      'active symmetric',
    ]);
    for (const { id } of await rows()) expect(await payloadOf(id)).to.have.length.above(16);
  });
});
