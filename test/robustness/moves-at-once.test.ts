import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { databases, oneDatabase, skipAloud, type TestDialect } from '../helpers/databases.ts';
import { isHere, isStoreRequired } from '../helpers/real-stores.ts';
import { rowsOf } from './broker-process.ts';
import { send } from './client.ts';
import { createKnownSecrets, deleteAll, expectUnnoticed, misread } from './moves-chain.ts';
import { startClients, type Clients } from './moves-clients.ts';
import { listMoves, moveKilled, type KilledMove, type Killing } from './moves-mover.ts';
import { IS_THOROUGH } from './rounds.ts';
import { openMovePlace, type MovePlace, type MoveStore } from './moves-place.ts';
import type { KnownSecret } from './moves-secrets.ts';

const PROJECT = 'p-0';
/** Half of them are deleted on the way. */
const SECRETS = 60;
const PACE = ['--rate', '12'];
const KILLING: Killing = { afterMs: [200, 3_000], atMost: IS_THOROUGH ? 6 : 3 };
const WITHIN_MS = 240_000;

/** Two brokers, clients at both, and more than one process that moves the secrets of one project. */
function atOnce(dialect: TestDialect, stores: readonly [MoveStore, MoveStore, MoveStore]): void {
  const [from, one, other] = stores.map(({ name }) => name) as [string, string, string];
  let place: MovePlace;
  let clients: Clients;
  let kept: readonly KnownSecret[];
  let doomed: readonly KnownSecret[];

  beforeEach(async function () {
    this.timeout(90_000);
    place = await openMovePlace(dialect, stores, 2);
    const known = await createKnownSecrets(place, [PROJECT], SECRETS);
    [kept, doomed] = [known.slice(0, SECRETS / 2), known.slice(SECRETS / 2)];
    clients = startClients({ urls: place.urls, known: kept, readers: 4, writers: 2 });
  });
  afterEach(async function () {
    this.timeout(60_000);
    await clients.stop();
    await deleteAll(place, kept);
    await place.close();
  });

  const move = (to: string, killing: Killing): Promise<KilledMove> =>
    moveKilled(place, ['--project', PROJECT, '--from', from, '--to', to, ...PACE], killing);

  /** One after the other, so that some are moved already, some are on their way and some are not. */
  const deleteDoomed = async (): Promise<void> => {
    for (const { path, project } of doomed) {
      const answer = await send(place.urls[randomInt(2)]!, 'DELETE', path, { project });
      expect(answer.status, answer.text).to.equal(204);
      await sleep(randomInt(500));
    }
  };

  const expectOneOfEach = async (targets: readonly string[], moves: readonly KilledMove[]): Promise<void> => {
    expectUnnoticed(clients);
    expect(await misread(place, kept), 'not what was stored').to.deep.equal([]);
    for (const { path, project } of doomed)
      expect((await send(place.urls[0]!, 'GET', path, { project })).status, path).to.equal(404);
    const holders = await place.storesOfSecrets();
    expect([...holders.keys()].sort()).to.deep.equal(kept.map(({ id }) => id).sort());
    for (const holder of holders.values()) expect(targets).to.include(holder);
    await place.expectNothingSpare();
    const twice = `select secret_id from move_receipts where state = 'done' group by secret_id having count(*) > 1`;
    expect(await rowsOf(place.database.options, twice), 'moved twice').to.deep.equal([]);
    const listed = await listMoves(place);
    for (const { id, kills } of moves) {
      const shown = listed.find((line) => line.id === id);
      expect(shown).to.include({ state: 'done', failed: 0, destroyed: shown?.moved });
      expect(kills, 'kills').to.be.at.least(1);
    }
  };

  it('two moves of one project to two stores share its secrets out, and each secret goes one way', async function () {
    this.timeout(WITHIN_MS);
    const [moves] = await Promise.all([
      Promise.all([move(one, KILLING), move(other, KILLING)]),
      deleteDoomed(),
    ]);
    await clients.rest();
    await expectOneOfEach([one, other], moves);
  });

  it('two processes that resume one move are one too many, and do no harm', async function () {
    this.timeout(WITHIN_MS);
    const [moved] = await Promise.all([move(one, { ...KILLING, rivals: 2 }), deleteDoomed()]);
    await clients.rest();
    await expectOneOfEach([one], [moved]);
  });
}

const software = (name: string): MoveStore => ({ name, kind: 'simple_crypto' });

describe('moves at once, between stores of sealed payloads', () => {
  atOnce(databases()[0]!, [software('from'), software('one'), software('other')]);
});

describe('moves at once, to stores at other servers', () => {
  const [vault, kmip] = [
    { name: 'vault', kind: 'vault' },
    { name: 'kmip', kind: 'kmip' },
  ] as const;
  const absent = [vault, kmip].filter(({ kind }) => !isHere(kind));
  for (const { kind } of absent) skipAloud(`no server for ${kind}`, isStoreRequired(kind));
  if (absent.length === 0) atOnce(oneDatabase(), [software('from'), vault, kmip]);
});
