import { expect } from 'chai';
import type { SecretHeader } from '../../src/model/secret.ts';
import { everyObject, type Inventory, type StoredObject } from '../../src/stores/inventory.ts';
import type { SecretStore, StoreRef } from '../../src/stores/secret-store.ts';
import { admitted, bytesOf, payloadOf, type Current, type StoreFixture } from './secret-store-fixture.ts';

/** More than a server gives out in one piece. */
const MANY = 300;
const AT_ONCE = 8;

/** What a store says it holds; of one that cannot say nothing is asked. */
export function describeInventory(current: Current): void {
  const inventoryOf = (context: Mocha.Context): Inventory => current().store.inventory ?? context.skip();

  it('lists what was put with its ref, and no longer what was destroyed', async function () {
    const inventory = inventoryOf(this);
    const { store } = current();
    const put = await putSome(current(), store, 4);
    expect(await listed(inventory, put)).to.deep.equal(put);
    const [first, second] = [...put.entries()] as [Entry, Entry];
    await store.destroy(first[0], first[1]);
    const object = (await objectsOf(inventory, put)).find(({ secretId }) => secretId === second[0].id);
    await inventory.destroy(object as StoredObject);
    await inventory.destroy(object as StoredObject);
    put.delete(first[0]);
    put.delete(second[0]);
    expect(await listed(inventory, put)).to.deep.equal(put);
    expect(await store.get(second[0], second[1])).to.equal(undefined);
    for (const [secret, ref] of put)
      expect((await bytesOf(store, secret, ref))?.toString()).to.equal(secret.id);
  });

  it('lists a secret whose ids look like nothing it would choose itself', async function () {
    const inventory = inventoryOf(this);
    const secret = await admitted(current(), { projectId: 'a/b ../%2f Ж' as SecretHeader['projectId'] });
    const ref = await current().store.put(secret, payloadOf('odd'));
    const [object] = await objectsOf(inventory, new Map([[secret, ref]]));
    expect(object).to.include({ secretId: secret.id, ref });
    await inventory.destroy(object as StoredObject);
    expect(await current().store.locate(secret)).to.equal(undefined);
  });

  it('tells no other project for a secret than its own', async function () {
    const inventory = inventoryOf(this);
    const put = await putSome(current(), current().store, 2);
    for (const [{ id, projectId }] of put) {
      const object = (await objectsOf(inventory, put)).find(({ secretId }) => secretId === id);
      expect(object?.projectId).to.be.oneOf([undefined, projectId]);
    }
  });

  it('lists nothing of a store beside it at the same place, which lists nothing of it', async function () {
    const inventory = inventoryOf(this);
    const { store, sibling } = current();
    if (sibling?.inventory === undefined) return this.skip();
    const [ours, theirs] = [await putSome(current(), store, 2), await putSome(current(), sibling, 2)];
    expect(await listed(inventory, ours)).to.deep.equal(ours);
    expect(await listed(sibling.inventory, theirs)).to.deep.equal(theirs);
    expect(await listed(inventory, theirs)).to.deep.equal(new Map());
    expect(await listed(sibling.inventory, ours)).to.deep.equal(new Map());
  });

  it('lists each of many exactly once', async function () {
    this.timeout(240_000);
    const inventory = inventoryOf(this);
    const put = await putSome(current(), current().store, current().many ?? MANY);
    expect(await listed(inventory, put)).to.deep.equal(put);
  });
}

type Entry = [SecretHeader, StoreRef];
type Put = Map<SecretHeader, StoreRef>;

async function putSome(fixture: StoreFixture, store: SecretStore, count: number): Promise<Put> {
  const put: Put = new Map();
  const left = await Promise.all(Array.from({ length: count }, () => admitted(fixture)));
  const work = async (): Promise<void> => {
    for (let secret = left.pop(); secret !== undefined; secret = left.pop())
      put.set(secret, await store.put(secret, payloadOf(secret.id)));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return put;
}

/** Those of these secrets: whoever tests beside us leaves things, too. */
async function objectsOf(inventory: Inventory, put: Put): Promise<readonly StoredObject[]> {
  const ids = new Set<string>([...put.keys()].map(({ id }) => id));
  const objects: StoredObject[] = [];
  for await (const object of everyObject(inventory))
    if (object.secretId !== undefined && ids.has(object.secretId)) objects.push(object);
  return objects;
}

/** In the order of what was put; fails when one is listed twice. */
async function listed(inventory: Inventory, put: Put): Promise<Put> {
  const objects = await objectsOf(inventory, put);
  const refs = new Map(objects.map(({ secretId, ref }) => [secretId, ref]));
  expect(objects, 'listed twice').to.have.length(refs.size);
  return new Map(
    [...put.keys()].flatMap((secret) => {
      const ref = refs.get(secret.id);
      return ref === undefined ? [] : [[secret, ref] as const];
    }),
  );
}
