import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { StoreMisconfigured } from '../../src/errors.ts';
import { everyObject, type StoredObject } from '../../src/stores/inventory.ts';
import { storeRef, type SecretStore } from '../../src/stores/secret-store.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { absentVault, asRoot, done, openVault, ownRole, unique } from './vault-server.ts';

describe('what a Vault store lists', () => {
  before(function () {
    if (absentVault !== undefined) this.skip();
  });

  const opened: SecretStore[] = [];
  const open = async (changes: object = {}): Promise<SecretStore> => {
    const store = await openVault({ ...changes });
    opened.push(store);
    return store;
  };
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));

  const objectsOf = async ({ inventory }: SecretStore): Promise<readonly StoredObject[]> => {
    const objects = [];
    for await (const object of everyObject(inventory!)) objects.push(object);
    return objects;
  };

  it('says what the policy lacks where it does not grant list, and serves all the same', async () => {
    const policy = `
path "secret/data/postern/*" { capabilities = ["create", "read"] }
path "secret/metadata/postern/*" { capabilities = ["read", "delete"] }`;
    const { auth } = await ownRole({}, policy);
    const store = await open({ auth });
    const error = (await rejection(store.inventory!.list())) as StoreMisconfigured;
    expect(error).to.be.instanceOf(StoreMisconfigured);
    expect(error.detail).to.contain('lacks list on "secret/metadata/postern/*"');
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('x'));
    expect(String(await bytesOf(store, secret, ref))).to.equal('x');
    await store.destroy(secret, ref);
  });

  it('leaves out what others put below the prefix, and what is there of another depth', async () => {
    const prefix = `postern/${unique('list')}`;
    const store = await open({ prefix });
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('ours'));
    const id = randomUUID();
    for (const place of [
      id,
      `p/${id}/deeper`,
      `p/not-an-id`,
      `p/${id.toUpperCase()}`,
      `x.short/${id}`,
      `a b/${id}`,
    ]) {
      await done(asRoot('POST', encodeURI(`secret/data/${prefix}/${place}`), { data: { of: 'others' } }));
    }
    expect(await objectsOf(store)).to.deep.equal([{ secretId: secret.id, projectId: secret.projectId, ref }]);
  });

  it('lists what somebody deleted behind the broker, since its versions are there, and destroys that', async () => {
    const store = await open({ prefix: `postern/${unique('list')}` });
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('deleted'));
    await done(asRoot('DELETE', `secret/data/${ref}`));
    const [object] = await objectsOf(store);
    expect(object?.ref).to.equal(ref);
    await store.inventory!.destroy(object as StoredObject);
    expect(await objectsOf(store)).to.deep.equal([]);
  });

  it('destroys nothing outside its prefix, and nothing that is not the secret’s', async () => {
    const [store, other] = [await open({ prefix: 'postern/one' }), await open({ prefix: 'postern/two' })];
    const [mine, theirs] = [aSecretHeader(), aSecretHeader()];
    const [ref, foreign] = [
      await store.put(mine, payloadOf('mine')),
      await other.put(theirs, payloadOf('theirs')),
    ];
    const { inventory } = store;
    await inventory!.destroy({ secretId: theirs.id, projectId: theirs.projectId, ref: foreign });
    await inventory!.destroy({ secretId: theirs.id, projectId: mine.projectId, ref });
    await inventory!.destroy({ secretId: undefined, projectId: undefined, ref });
    await inventory!.destroy({ secretId: mine.id, projectId: mine.projectId, ref: storeRef('postern') });
    expect(String(await bytesOf(store, mine, ref))).to.equal('mine');
    expect(String(await bytesOf(other, theirs, foreign))).to.equal('theirs');
    await store.destroy(mine, ref);
    await other.destroy(theirs, foreign);
  });
});
