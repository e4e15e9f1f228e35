import { expect } from 'chai';
import { databases, oneDatabase, skipAloud, type TestDialect } from '../helpers/databases.ts';
import { isHere, isStoreRequired, REAL_STORES } from '../helpers/real-stores.ts';
import { described, HOP_WITHIN_MS, playChain, SECRETS, type Hop } from './moves-chain.ts';
import { openMovePlace, type MovePlace, type MoveStore } from './moves-place.ts';

const software = (name: string): MoveStore => ({ name, kind: 'simple_crypto' });
const here = REAL_STORES.map(({ kind }) => kind).filter((kind) => isHere(kind));
const absent = REAL_STORES.map(({ kind }) => kind).filter((kind) => !isHere(kind));

/** `postern move` under kill -9, among clients who must not notice. What it prints is in docs/reliability.md. */
function chain(dialect: TestDialect, stores: readonly MoveStore[]): void {
  const hops: Hop[] = [];
  const route = [...stores, stores[0]!].map(({ name }) => name);
  let place: MovePlace | undefined;

  before(async function () {
    this.timeout(60_000);
    place = await openMovePlace(dialect, stores, 1);
  });
  after(async function () {
    this.timeout(60_000);
    await place?.close();
    process.stdout.write(hops.map((hop) => `      ${described(hop)}\n`).join(''));
  });

  it(`${SECRETS} secrets go ${route.join(', ')}: nothing lost, nothing spare, and no client notices`, async function () {
    this.timeout(HOP_WITHIN_MS * (route.length + 1));
    await playChain(place!, route, (hop) => hops.push(hop));
    expect(
      hops.reduce((sum, { kills }) => sum + kills, 0),
      'kills',
    ).to.be.at.least(route.length - 1);
  });
}

/** On SQLite, and with PostgreSQL the longer way below. */
describe('moves and kill -9, from one store of sealed payloads to another', () => {
  chain(databases()[0]!, [software('first'), software('second')]);
});

describe('moves and kill -9, through every store there is', () => {
  for (const kind of absent) skipAloud(`no server for ${kind}: left out of the chain`, isStoreRequired(kind));
  if (here.length === 1) return;
  const order = ['simple_crypto', 'pkcs11', 'vault', 'kmip', 'dogtag'] as const;
  chain(
    oneDatabase(),
    order.filter((kind) => here.includes(kind)).map((kind) => ({ name: kind, kind })),
  );
});
