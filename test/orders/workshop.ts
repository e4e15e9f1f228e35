import { randomUUID } from 'node:crypto';
import { createMemoryStore, type MemoryOptions } from '../../backends/memory/index.ts';
import { StoreUnavailable } from '../../src/errors.ts';
import { PACE, startWorkingOrders, type Pace, type WorkingDeps } from '../../src/jobs/orders.ts';
import { sweep, type SweepDeps } from '../../src/jobs/sweep.ts';
import { createLog } from '../../src/log.ts';
import { containerId, orderId, projectId, secretId } from '../../src/model/ids.ts';
import type { Order, OrderType } from '../../src/model/order.ts';
import { Payload } from '../../src/model/payload.ts';
import { now } from '../../src/model/timestamp.ts';
import { createOrderBell } from '../../src/operations/orders/order-bell.ts';
import { placeOrder } from '../../src/operations/orders/place-order.ts';
import { openDatabase, type Database } from '../../src/repositories/database.ts';
import { createMoveReceiptRepository } from '../../src/repositories/move-receipts.ts';
import type { OrderPlan } from '../../src/repositories/order-rows.ts';
import { createOrderRepository } from '../../src/repositories/orders.ts';
import { createQuotaReservationRepository } from '../../src/repositories/quota-reservations.ts';
import { createQuotaRepository } from '../../src/repositories/quotas.ts';
import { createRunRepository } from '../../src/repositories/runs.ts';
import { createSecretRepository } from '../../src/repositories/secrets.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';
import type { KeyGenerator, SecretStore } from '../../src/stores/secret-store.ts';
import type { TestDatabase } from '../helpers/databases.ts';
import { until } from '../robustness/broker-process.ts';

export const PROJECT = projectId('p-1');

/** The reference store behind a wire: no sealer, so every payload is a pending row first. */
export interface RemoteStore {
  readonly store: SecretStore;
  down: boolean;
  /** While set, a put does not begin. */
  gate: Promise<void> | undefined;
  /** The put of this number is done, and the answer to it lost. */
  muteAt: number;
  /** What every put is refused with. */
  refusal: Error | undefined;
  /** Puts that began. */
  puts: number;
  /** Keys and pairs that it began to make; the answer of the first is lost on the way if it is to be. */
  makes: number;
  muteMake: boolean;
}

export function createRemoteStore(options: MemoryOptions = {}): RemoteStore {
  const real = createMemoryStore('remote', options);
  const lost = (): Error => new StoreUnavailable('cut off');
  const wire = async (): Promise<SecretStore> => {
    if (remote.down) throw lost();
    return real;
  };
  const put: SecretStore['put'] = async (...args) => {
    const number = (remote.puts += 1);
    await remote.gate;
    if (remote.refusal !== undefined) throw remote.refusal;
    const ref = await (await wire()).put(...args);
    if (number !== remote.muteAt) return ref;
    throw lost();
  };
  const made = <T>(answer: T): T => {
    if ((remote.makes += 1) === 1 && remote.muteMake) throw lost();
    return answer;
  };
  const generator: KeyGenerator | undefined = real.generator && {
    ...real.generator,
    makeKey: async (...args) => made(await real.generator!.makeKey(...args)),
    makePair: async (...args) => made(await real.generator!.makePair(...args)),
  };
  const store: SecretStore = {
    ...real,
    ...(generator === undefined ? {} : { generator }),
    put,
    locate: async (...args) => (await wire()).locate(...args),
    get: async (...args) => (await wire()).get(...args),
    destroy: async (...args) => (await wire()).destroy(...args),
  };
  const remote: RemoteStore = {
    store,
    down: false,
    gate: undefined,
    muteAt: 0,
    refusal: undefined,
    puts: 0,
    makes: 0,
    muteMake: false,
  };
  return remote;
}

/** Everything of production, in a hurry. */
export const HASTE: Pace = { ...PACE, lookEveryMs: 20, leaseMs: 400, retryAfterMs: 20, retryAtMostMs: 80 };

/** A process: its own connections to a database that it may share, the remote store, and a worker when it is started. */
export interface Workshop {
  readonly deps: WorkingDeps & SweepDeps;
  readonly log: string[];
  place(type: OrderType, meta: Order['meta'], passphrase?: string): Promise<Order>;
  start(pace?: Partial<Pace>): void;
  find(order: Order): Promise<Order>;
  /** The order once it is no longer PENDING. */
  ended(order: Order): Promise<Order>;
  sweepAll(): Promise<void>;
  close(): Promise<void>;
}

export function openWorkshop(database: TestDatabase, remote: RemoteStore): Workshop {
  const db: Database = openDatabase(database.options);
  const log: string[] = [];
  const stores = createStoreRegistry([remote.store], 'remote');
  const deps: WorkingDeps & SweepDeps = {
    orders: createOrderRepository(db),
    secrets: createSecretRepository(db),
    receipts: createMoveReceiptRepository(db),
    runs: createRunRepository(db),
    stores,
    quotas: createQuotaRepository(db),
    quotaReservations: createQuotaReservationRepository(db),
    defaultQuotas: { secrets: -1, orders: -1, containers: -1, consumers: -1, cas: -1 },
    clock: now,
    orderBell: createOrderBell(),
    log: createLog('debug', (line) => log.push(line)),
  };
  let working: ReturnType<typeof startWorkingOrders> | undefined;
  const find = async (order: Order): Promise<Order> => {
    const found = await deps.orders.find(PROJECT, order.id);
    if (found === undefined) throw new Error('no such order');
    return found;
  };
  return {
    deps,
    log,
    find,
    place: (type, meta, passphrase) => place(deps, remote.store, type, meta, passphrase),
    start: (pace = {}) => {
      working = startWorkingOrders(deps, { ...HASTE, ...pace });
    },
    ended: (order) =>
      until(
        async () => {
          const found = await find(order);
          return found.status === 'PENDING' ? undefined : found;
        },
        `the end of an order (${log.join('')})`,
      ),
    sweepAll: async () => {
      // Moments pass, but not microseconds, between what is written and now.
      await new Promise((resolve) => setTimeout(resolve, 5));
      await sweep(deps, 0);
    },
    close: async () => {
      await working?.stop();
      await db.knex.destroy();
    },
  };
}

async function place(
  deps: WorkingDeps,
  store: SecretStore,
  type: OrderType,
  meta: Order['meta'],
  passphrase: string | undefined,
): Promise<Order> {
  const at = now();
  const order: Order = {
    id: orderId(randomUUID()),
    projectId: PROJECT,
    creatorId: 'u-1',
    type,
    status: 'PENDING',
    meta: { name: null, expiration: null, ...meta },
    secretId: null,
    containerId: null,
    errorStatus: null,
    errorReason: null,
    createdAt: at,
    updatedAt: at,
  };
  const id = () => secretId(randomUUID());
  const plan: OrderPlan = {
    secretId: id(),
    publicId: type === 'key' ? null : id(),
    passphraseId: passphrase === undefined ? null : id(),
    containerId: type === 'key' ? null : containerId(randomUUID()),
    store: store.name,
  };
  const secret = passphrase === undefined ? undefined : Payload.copy(Buffer.from(passphrase));
  await placeOrder(deps, order, plan, store, secret);
  deps.orderBell.ring();
  return order;
}
