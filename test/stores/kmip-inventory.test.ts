import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createTlsIdentity } from '../../backends/kmip/identity.ts';
import { createLinks } from '../../backends/kmip/links.ts';
import { StoreRejected } from '../../src/errors.ts';
import { everyObject, type Inventory, type StoredObject } from '../../src/stores/inventory.ts';
import { storeRef, type SecretStore } from '../../src/stores/secret-store.ts';
import { readIdentifier } from '../../src/ttlv/answers.ts';
import { objectName } from '../../src/ttlv/attributes.ts';
import { OPAQUE_DATA_NONE } from '../../src/ttlv/enums.ts';
import { destroyRequest, registerRequest } from '../../src/ttlv/requests.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { openFake, type FakeBench } from './kmip-bench.ts';
import type { FakeObject } from './kmip-fake-objects.ts';
import type { FakeOptions } from './kmip-fake.ts';
import { absentKmip, kmipConfig, openKmip, ownNamespace } from './kmip-server.ts';

async function objectsOf(inventory: Inventory | undefined): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = [];
  for await (const object of everyObject(inventory!)) objects.push(object);
  return objects;
}

describe('what a KMIP store lists', () => {
  let bench: FakeBench | undefined;
  afterEach(async () => {
    await bench?.close();
    bench = undefined;
  });
  const open = async (options: Partial<FakeOptions> = {}): Promise<FakeBench> =>
    (bench = await openFake(options));
  /** As if another had put it there under this name. */
  const place = ({ server }: FakeBench, name: string, changes: Partial<FakeObject> = {}): string => {
    const [like] = server.objects.all.values();
    const uid = `placed-${randomUUID()}`;
    server.objects.all.set(uid, { ...(like as FakeObject), names: [name], ...changes });
    return uid;
  };
  const secondsAgo = (seconds: number): bigint => BigInt(Math.floor(Date.now() / 1_000) - seconds);

  it('is each of several objects of one secret, and one goes without the others', async () => {
    const opened = await open();
    const secret = aSecretHeader();
    const ref = await opened.store.put(secret, payloadOf('kept'));
    const twin = place(opened, `postern:fake:${secret.id}`, { date: secondsAgo(-5) });
    const twinRef = storeRef(`put:${secret.id}:${twin}`);
    const { inventory } = opened.store;
    const objects = await objectsOf(inventory);
    expect(objects.map((object) => object.ref)).to.have.members([ref, twinRef]);
    await inventory!.destroy(objects.find((object) => object.ref === twinRef) as StoredObject);
    expect((await objectsOf(inventory)).map((object) => object.ref)).to.deep.equal([ref]);
    expect(String(await bytesOf(opened.store, secret, ref))).to.equal('kept');
  });

  it('is not what others named, nor what only looks like ours, nor what was destroyed', async () => {
    const opened = await open();
    await opened.store.put(aSecretHeader(), payloadOf('ours'));
    const id = randomUUID();
    for (const name of [
      id,
      `postern:other:${id}`,
      `other:fake:${id}`,
      `postern:fake:${id}:more`,
      `postern:fake:x${id}`,
      `Postern:fake:${id}`,
      'postern:fake:',
    ])
      place(opened, name);
    place(opened, `postern:fake:${id}`, { state: 'Destroyed' });
    place(opened, `postern:fake:${id}`, { names: [] });
    expect(await objectsOf(opened.store.inventory)).to.have.length(1);
  });

  it('is the key that a killed start tried the server with, once it is old', async () => {
    const opened = await open();
    await opened.store.put(aSecretHeader(), payloadOf('ours'));
    place(opened, 'postern:fake:trial-of-a-start-under-way', { date: secondsAgo(60) });
    const old = place(opened, 'postern:fake:trial-of-a-killed-start', { date: secondsAgo(7_200) });
    place(opened, 'postern:other:trial-of-another-store', { date: secondsAgo(7_200) });
    const { inventory } = opened.store;
    const trials = (await objectsOf(inventory)).filter(({ secretId }) => secretId === undefined);
    expect(trials).to.deep.equal([{ secretId: undefined, projectId: undefined, ref: `trial:${old}` }]);
    await inventory!.destroy(trials[0] as StoredObject);
    expect(opened.server.objects.all.has(old)).to.equal(false);
  });

  it('is destroyed only under the name it was listed with', async () => {
    const opened = await open();
    const [mine, other] = [aSecretHeader(), aSecretHeader()];
    const ref = await opened.store.put(mine, payloadOf('mine'));
    const uid = ref.slice(ref.lastIndexOf(':') + 1);
    const foreign = place(opened, `postern:other:${mine.id}`);
    const { inventory } = opened.store;
    const object = { projectId: undefined };
    await inventory!.destroy({ ...object, secretId: other.id, ref: storeRef(`put:${other.id}:${uid}`) });
    await inventory!.destroy({ ...object, secretId: undefined, ref: storeRef(`trial:${uid}`) });
    await inventory!.destroy({ ...object, secretId: mine.id, ref: storeRef(`put:${mine.id}:${foreign}`) });
    expect(String(await bytesOf(opened.store, mine, ref))).to.equal('mine');
    expect(opened.server.objects.all.has(foreign)).to.equal(true);
  });

  it('comes whole from servers of before 1.3, which know no pages', async () => {
    const opened = await open({ versions: ['1.2'] });
    await opened.store.put(aSecretHeader(), payloadOf('first'));
    for (let count = 0; count < 700; count += 1) place(opened, `postern:fake:${randomUUID()}`);
    expect(await objectsOf(opened.store.inventory)).to.have.length(701);
  });

  it('comes whole where some go while it is made, but for those', async () => {
    const opened = await open();
    await opened.store.put(aSecretHeader(), payloadOf('first'));
    const uids = Array.from({ length: 20 }, () => place(opened, `postern:fake:${randomUUID()}`));
    opened.server.react = ({ operation }) => {
      if (operation === 'Get Attributes') opened.server.objects.all.delete(uids.shift() ?? '');
      return 'usual';
    };
    const refs = (await objectsOf(opened.store.inventory)).map(({ ref }) =>
      ref.slice(ref.lastIndexOf(':') + 1),
    );
    expect(opened.server.objects.all).to.have.property('size', 1);
    expect(refs).to.include.members([...opened.server.objects.all.keys()]);
  });

  it('is an error, not a part, where a server gives the first page again', async () => {
    const opened = await open();
    await opened.store.put(aSecretHeader(), payloadOf('first'));
    for (let count = 0; count < 400; count += 1) place(opened, `postern:fake:${randomUUID()}`);
    let page: readonly unknown[] | undefined;
    opened.server.react = (request) => {
      if (request.operation !== 'Locate') return 'usual';
      const outcome = opened.server.objects.answer(request);
      page ??= 'payload' in outcome ? outcome.payload : [];
      return { payload: page } as typeof outcome;
    };
    const error = (await rejection(objectsOf(opened.store.inventory))) as StoreRejected;
    expect(error).to.be.instanceOf(StoreRejected);
    expect(error.detail).to.contain('knows no offset');
  });

  it('is nothing that can be told where a server has no names to tell', async () => {
    const operations = ['Register', 'Locate', 'Get', 'Destroy', 'Query'] as const;
    const { store } = await open({ operations });
    expect(store.inventory).to.equal(undefined);
  });
});

describe('what a KMIP store on PyKMIP lists', function () {
  this.timeout(120_000);
  before(function () {
    if (absentKmip !== undefined) this.skip();
  });

  /** More than one page of identifiers. */
  const MANY = 310;

  it('is every object, by pages of the server’s own', async () => {
    const namespace = ownNamespace();
    const options = kmipConfig({ namespace });
    const link = await createLinks(options, createTlsIdentity('raw', options.tls, Date.now), Date.now).open();
    const store: SecretStore = await openKmip({ namespace, generate: false, deadline: 60 });
    const uids: string[] = [];
    try {
      // Past the store: each of its puts would have the server look at all there is.
      for (let count = 0; count < MANY; count += 1) {
        const object = {
          type: 'Opaque Object',
          dataType: OPAQUE_DATA_NONE,
          value: Buffer.from('x'),
        } as const;
        const attributes = [objectName(`${namespace}:appliance:${randomUUID()}`)];
        uids.push(
          await link.ask(registerRequest(link.profile.version, { object, attributes }), readIdentifier),
        );
      }
      const refs = (await objectsOf(store.inventory)).map(({ ref }) => ref.slice(ref.lastIndexOf(':') + 1));
      expect(refs).to.have.length(MANY).and.to.have.members(uids);
    } finally {
      for (const uid of uids) await link.ask(destroyRequest(uid), readIdentifier);
      link.close();
      await store.close();
    }
  });
});
