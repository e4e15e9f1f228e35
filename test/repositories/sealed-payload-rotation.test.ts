import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { kekId, type KekId, type ProjectId } from '../../src/model/ids.ts';
import type { SealedPayload } from '../../src/model/sealed-payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { now, timestampFromMillis } from '../../src/model/timestamp.ts';
import { createKekRepository } from '../../src/repositories/keks.ts';
import {
  createSealedPayloadRotationRepository,
  type SealedPayloadRotationRepository,
  type SealedWanted,
} from '../../src/repositories/sealed-payload-rotation.ts';
import { createSealedPayloadRepository } from '../../src/repositories/sealed-payloads.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { aSecretHeader, insertSecretRow } from '../helpers/secret-row.ts';

const STORE = 'software';

describeDatabases('sealed payloads in rotation', (dialect) => {
  let db: TestDatabase;
  let rotation: SealedPayloadRotationRepository;
  let kek: KekId;
  let next: KekId;
  let project: ProjectId;
  before(async () => {
    db = await dialect.open();
    rotation = createSealedPayloadRotationRepository(db);
  });
  after(() => db.close());
  beforeEach(async () => {
    project = aSecretHeader().projectId;
    [kek, next] = [await aKek(project), await aKek()];
  });

  const aKek = async (project?: ProjectId): Promise<KekId> => {
    const id = kekId(randomUUID());
    const projectId = project ?? aSecretHeader().projectId;
    const record = { id, store: STORE, projectId, version: 1, rootKey: 'r', wrapped: randomBytes(9) };
    await createKekRepository(db).insertActive({ ...record, createdAt: now() });
    return id;
  };
  const sealed = (under: KekId = kek): SealedPayload => ({ kekId: under, blob: randomBytes(144) });
  const put = async (payload: SealedPayload, changes: Partial<SecretHeader> = {}): Promise<SecretHeader> => {
    const secret = aSecretHeader(changes);
    await insertSecretRow(db, secret);
    await createSealedPayloadRepository(db).insert(secret.id, STORE, payload, now());
    return secret;
  };
  const found = (secret: SecretHeader): Promise<SealedPayload | undefined> =>
    createSealedPayloadRepository(db).find(secret.id, STORE);
  const count = (wanted: SealedWanted = {}): Promise<number> =>
    rotation.countAnyProject({ store: STORE, project }, wanted);
  const later = (): ReturnType<typeof now> => timestampFromMillis(Date.now() + 60_000);

  it('are listed by their KEK, whose they are, page by page', async () => {
    const about = { algorithm: 'aes', bitLength: 256, mode: 'cbc', secretType: 'symmetric' } as const;
    const all = await Promise.all(Array.from({ length: 5 }, () => put(sealed(), about)));
    await put(sealed(next));
    const sorted = all.sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(await rotation.list(kek, {}, { limit: 2 })).to.deep.equal(sorted.slice(0, 2));
    expect(await rotation.list(kek, {}, { after: sorted[1]!.id, limit: 9 })).to.deep.equal(sorted.slice(2));
    expect(await count()).to.equal(5);
  });

  it('are told apart by how their content is sealed', async () => {
    const [gcm, cbc] = [Buffer.from('KBP1\x01 rest', 'latin1'), Buffer.from('KBP1\x02 rest', 'latin1')];
    await put({ kekId: kek, blob: gcm });
    const signed = await put({ kekId: kek, blob: cbc });
    expect(await rotation.list(kek, { contentSuite: 2 }, { limit: 9 })).to.deep.equal([signed]);
    expect(await count({ contentSuite: 1 })).to.equal(1);
    expect(await count({ contentSuite: 3 })).to.equal(0);
  });

  it('are replaced only as long as they are as seen', async () => {
    const seen = sealed();
    const secret = await put(seen);
    const fresh = sealed(next);
    const at = now();
    const replace = (from: SealedPayload, to: SealedPayload): Promise<boolean> =>
      rotation.replace(secret.id, STORE, from, { sealed: to, now: at, isResealed: false });
    expect(await replace({ ...seen, blob: randomBytes(144) }, fresh), 'other bytes').to.equal(false);
    expect(await replace({ ...seen, kekId: next }, fresh), 'another KEK').to.equal(false);
    expect(await replace(seen, fresh)).to.equal(true);
    expect(await found(secret)).to.deep.equal(fresh);
    expect(await replace(seen, sealed(next)), 'a second time').to.equal(false);
    const row: unknown = await db.knex('sealed_payloads').where({ secret_id: secret.id }).first();
    expect(row).to.include({ rewrapped_at: at, resealed_at: null });
  });

  it('are replaced by one of many at once, and whole', async () => {
    const seen = sealed();
    const secret = await put(seen);
    const fresh = Array.from({ length: 8 }, () => sealed(next));
    const replaced = await Promise.all(
      fresh.map((one) =>
        rotation.replace(secret.id, STORE, seen, { sealed: one, now: now(), isResealed: false }),
      ),
    );
    expect(replaced.filter((won) => won)).to.have.length(1);
    expect(await found(secret)).to.deep.equal(fresh[replaced.indexOf(true)]);
  });

  it('are not brought back once they are gone', async () => {
    const seen = sealed();
    const secret = await put(seen);
    await createSealedPayloadRepository(db).remove(secret.id, STORE);
    const fresh = { sealed: sealed(next), now: now(), isResealed: true };
    expect(await rotation.replace(secret.id, STORE, seen, fresh)).to.equal(false);
    expect(await found(secret)).to.equal(undefined);
  });

  it('are due until they are sealed again: wrapping their key again is not enough', async () => {
    const began = now();
    const [one, two, three] = [sealed(), sealed(), sealed()];
    const secrets = [await put(one), await put(two), await put(three)];
    const before = { created: later(), resealed: began };
    const due = async (): Promise<string[]> =>
      (await rotation.list(kek, { before }, { limit: 9 })).map(({ id }) => id).sort();
    expect(await due()).to.deep.equal(secrets.map(({ id }) => id).sort());
    const again = (isResealed: boolean) => ({ sealed: sealed(), now: now(), isResealed });
    await rotation.replace(secrets[0]!.id, STORE, one, again(false));
    await rotation.replace(secrets[1]!.id, STORE, two, again(true));
    expect(await due()).to.deep.equal([secrets[0]!.id, secrets[2]!.id].sort());
    expect(await count({ before })).to.equal(2);
    expect(await count({ before: { created: began, resealed: began } }), 'came later').to.equal(0);
    expect(await count({ before: { created: began, resealed: later() } }), 'again').to.equal(1);
  });
});
