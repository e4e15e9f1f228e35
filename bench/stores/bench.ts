import { randomBytes, randomUUID } from 'node:crypto';
import { Payload } from '../../src/model/payload.ts';
import { projectId, secretId } from '../../src/model/ids.ts';
import type { SealedPayload } from '../../src/model/sealed-payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { guardStore } from '../../src/stores/guarded-store.ts';
import type { SecretStore, StoreKind, StoreRef } from '../../src/stores/secret-store.ts';

/** The least any client of this server must do: its own library, or its protocol with nothing in between. */
export interface RawClient {
  /** What it is, in a few words. */
  readonly name: string;
  /** Writes (or seals) a payload under a name of its own, and gives what `get` needs. */
  put(payload: Buffer): Promise<unknown>;
  get(ref: unknown): Promise<Buffer>;
}

/** A store of Postern's on a real server, and the raw client it is measured against, with the same credentials. */
export interface StoreBench {
  readonly kind: StoreKind;
  readonly store: SecretStore;
  readonly raw: RawClient;
  /** Operations at once, as the store's options have it; the same for both. */
  readonly concurrency: number;
  /** Leaves nothing behind that can be removed. */
  close(): Promise<void>;
}

/** Operations per second, Postern's and the raw client's, and the share of the first in the second. */
export interface StoreRow {
  readonly kind: StoreKind;
  readonly raw: string;
  readonly put: Compared;
  readonly get: Compared;
}

export interface Compared {
  readonly postern: number;
  readonly raw: number;
  readonly ratio: number;
}

const PAYLOAD_BYTES = 32;
/** Read in turn. */
const READ = 20;
const PROJECT = projectId('bench');

type Operation = () => Promise<unknown>;

/** Raw, Postern, raw, Postern …, as the other workloads: whatever else slows the machine slows both. */
export async function measureStore(bench: StoreBench, rounds: number, seconds: number): Promise<StoreRow> {
  const store = guardStore(
    bench.store,
    { concurrency: bench.concurrency, deadline: 30 },
    { clockMs: () => performance.now(), random: Math.random, onChange: () => undefined },
  );
  const ours = store.sealer === undefined ? keeping(store) : sealing(store);
  const raw: Sides = {
    put: () => bench.raw.put(randomBytes(PAYLOAD_BYTES)),
    get: (ref) => bench.raw.get(ref),
  };
  const terms = { concurrency: bench.concurrency, rounds, seconds };
  try {
    return {
      kind: bench.kind,
      raw: bench.raw.name,
      put: await compare(
        () => ours.put(),
        () => raw.put(),
        terms,
      ),
      get: await compare(await readingOf(ours), await readingOf(raw), terms),
    };
  } finally {
    await store.close();
    await bench.close();
  }
}

interface Sides {
  put(): Promise<unknown>;
  get(ref: unknown): Promise<unknown>;
}

const header = (): SecretHeader => ({
  id: secretId(randomUUID()),
  projectId: PROJECT,
  secretType: 'symmetric',
  algorithm: 'aes',
  bitLength: 8 * PAYLOAD_BYTES,
  mode: null,
});

const payload = (): Payload => Payload.own(randomBytes(PAYLOAD_BYTES));

function keeping(store: SecretStore): Sides {
  return {
    put: async () => {
      const secret = header();
      return [secret, await store.put(secret, payload())] as const;
    },
    get: async (kept) => {
      const [secret, ref] = kept as readonly [SecretHeader, StoreRef];
      if ((await store.get(secret, ref))?.size !== PAYLOAD_BYTES) throw new Error('not what was put');
    },
  };
}

/** What the database adds is measured by the other workloads. */
function sealing({ sealer }: SecretStore): Sides {
  return {
    put: async () => {
      const secret = header();
      return [secret, await sealer?.seal(secret, payload())] as const;
    },
    get: async (kept) => {
      const [secret, sealed] = kept as readonly [SecretHeader, SealedPayload];
      if ((await sealer?.open(secret, sealed))?.size !== PAYLOAD_BYTES)
        throw new Error('not what was sealed');
    },
  };
}

async function readingOf(sides: Sides): Promise<Operation> {
  const refs: unknown[] = [];
  for (let n = 0; n < READ; n += 1) refs.push(await sides.put());
  let next = 0;
  return () => sides.get(refs[(next += 1) % READ]);
}

interface Terms {
  readonly concurrency: number;
  readonly rounds: number;
  readonly seconds: number;
}

async function compare(
  postern: Operation,
  raw: Operation,
  { concurrency, rounds, seconds }: Terms,
): Promise<Compared> {
  const measured: Compared[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const floor = await perSecond(raw, concurrency, seconds);
    const ours = await perSecond(postern, concurrency, seconds);
    // The first is for compilers and connections to warm up.
    if (round > 0) measured.push({ postern: ours, raw: floor, ratio: ours / floor });
  }
  measured.sort((a, b) => a.ratio - b.ratio);
  return measured[Math.floor(measured.length / 2)] as Compared;
}

async function perSecond(operation: Operation, concurrency: number, seconds: number): Promise<number> {
  const began = performance.now();
  const until = began + seconds * 1_000;
  let done = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      await operation();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return done / ((performance.now() - began) / 1_000);
}
