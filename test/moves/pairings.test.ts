import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { loadConfig } from '../../src/config-file.ts';
import { createLog } from '../../src/log.ts';
import { secretId } from '../../src/model/ids.ts';
import { Payload } from '../../src/model/payload.ts';
import type { Secret, SecretType } from '../../src/model/secret.ts';
import { now } from '../../src/model/timestamp.ts';
import { openStores } from '../../src/open-stores.ts';
import { runMove } from '../../src/operations/moves/run-move.ts';
import { createSecret } from '../../src/operations/secrets/create-secret.ts';
import { readPayload } from '../../src/operations/secrets/read-payload.ts';
import type { StoreRegistry } from '../../src/stores/registry.ts';
import { databases, skipAloud, type TestDatabase } from '../helpers/databases.ts';
import { absentServers, areServersRequired, REAL_STORES, type RealKind } from '../helpers/real-stores.ts';
import { createWorkplace, type Workplace } from '../robustness/broker-process.ts';
import { createMover, PROJECT, type Mover } from './mover.ts';
import { configureAllStores } from '../robustness/several-stores.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** Stores that keep typed objects keep each of these in a way of its own. */
const SAMPLES: readonly (readonly [SecretType, Buffer, Partial<Secret>?])[] = [
  ['symmetric', randomBytes(32), { algorithm: 'aes', bitLength: 256, mode: 'cbc' }],
  ['passphrase', Buffer.from('correct horse 🐎 battery staple\n')],
  ['private', Buffer.from(privateKey), { algorithm: 'rsa', bitLength: 2048 }],
  ['public', Buffer.from(publicKey), { algorithm: 'rsa', bitLength: 2048 }],
  ['opaque', Buffer.from([0])],
  ['opaque', Buffer.concat([Buffer.from([0, 0xff]), randomBytes(2_000), Buffer.from([0])])],
];

/** From the first of them through every ordered pair of two, once each. */
function throughEveryPair(kinds: readonly RealKind[]): readonly RealKind[] {
  const left = new Map(kinds.map((kind) => [kind, kinds.filter((other) => other !== kind)]));
  const [stack, path]: [RealKind[], RealKind[]] = [[kinds[0]!], []];
  while (stack.length > 0) {
    const next = left.get(stack.at(-1)!)!.pop();
    if (next === undefined) path.unshift(stack.pop()!);
    else stack.push(next);
  }
  return path;
}

describe('moving secrets between stores of every two kinds', function () {
  this.timeout(300_000);
  const absent = absentServers();
  if (absent !== undefined) {
    skipAloud(absent, areServersRequired());
    return;
  }
  let place: Workplace;
  let db: TestDatabase;
  let stores: StoreRegistry;
  let mover: Mover;

  before(async () => {
    place = createWorkplace();
    db = await databases()[0]!.open();
    const file = await configureAllStores(place, db);
    const log = createLog('error', () => undefined);
    stores = await openStores(loadConfig(file, process.env), { database: db, log });
    mover = createMover(db);
  });
  after(async () => {
    for (const store of stores.all) await store.close();
    await db.close();
    place.remove();
  });

  const create = async ([secretType, bytes, changes = {}]: (typeof SAMPLES)[number]): Promise<Secret> => {
    const [at, store] = [now(), stores.named(path[0]!)];
    const draft: Secret = {
      ...{ id: secretId(randomUUID()), projectId: PROJECT, creatorId: null, name: null, expiresAt: null },
      ...{ algorithm: null, bitLength: null, mode: null, createdAt: at, updatedAt: at, state: 'pending' },
      ...{ store: store.name, storeRef: null, contentType: 'application/octet-stream', version: 1 },
      ...changes,
      secretType,
      payloadSize: bytes.length,
    };
    return createSecret(mover.deps, draft, store, Payload.copy(bytes));
  };

  const path = throughEveryPair(REAL_STORES.map(({ kind }) => kind));

  it(`gives every payload back unchanged after ${path.length - 1} moves, and leaves nothing behind`, async () => {
    const secrets = await Promise.all(SAMPLES.map(create));
    for (const to of path.slice(1)) {
      const run = await mover.begin({ to });
      expect(await runMove({ ...mover.deps, stores }, run), `to ${to}`).to.equal('done');
      for (const [index, { id }] of secrets.entries()) {
        const secret = await mover.deps.secrets.findAnyProject(id);
        expect(secret?.store).to.equal(to);
        const payload = await readPayload({ ...mover.deps, stores }, secret!, undefined);
        expect(payload.bytes().equals(SAMPLES[index]![1]), `${secret!.secretType} at ${to}`).to.equal(true);
        const holders = await Promise.all(stores.all.map((store) => store.locate(secret!)));
        expect(stores.all.filter((_, at) => holders[at] !== undefined).map(({ name }) => name)).to.deep.equal(
          [to],
        );
      }
    }
    for (const { id } of secrets) {
      const secret = (await mover.deps.secrets.findAnyProject(id))!;
      await stores.named(secret.store!).destroy(secret, secret.storeRef as never);
    }
  });
});
