import { readFileSync } from 'node:fs';
import { createAudit } from './audit/audit.ts';
import { createFileSink } from './audit/file-sink.ts';
import type { Config } from './config.ts';
import { ConfigurationError } from './errors.ts';
import type { Microversion } from './http/microversion.ts';
import type { Services } from './http/services.ts';
import { assertLoopback, createHeadersProvider } from './identity/headers.ts';
import { createKeystoneProvider } from './identity/keystone/keystone-provider.ts';
import type { IdentityProvider } from './identity/provider.ts';
import { errorFields, type Log } from './log.ts';
import { now } from './model/timestamp.ts';
import { openStores } from './open-stores.ts';
import { createOrderBell } from './operations/orders/order-bell.ts';
import type { PolicyEngine } from './policy/engine.ts';
import { createOpaEngine } from './policy/opa.ts';
import { createContainerAclRepository } from './repositories/container-acls.ts';
import { createContainerConsumerRepository } from './repositories/container-consumers.ts';
import { createContainerListRepository } from './repositories/container-lists.ts';
import { createContainerMemberRepository } from './repositories/container-members.ts';
import { createContainerTargetRepository } from './repositories/container-targets.ts';
import { createContainerRepository } from './repositories/containers.ts';
import { openDatabase, ping, type Database } from './repositories/database.ts';
import { migrate, pendingMigrations } from './repositories/migrate.ts';
import { createMoveReceiptRepository } from './repositories/move-receipts.ts';
import { createOrderListRepository } from './repositories/order-lists.ts';
import { createOrderRepository } from './repositories/orders.ts';
import { createProjectStoreRepository } from './repositories/project-stores.ts';
import { createQuotaReservationRepository } from './repositories/quota-reservations.ts';
import { createQuotaRepository } from './repositories/quotas.ts';
import { createRunRepository } from './repositories/runs.ts';
import { createSecretAclRepository } from './repositories/secret-acls.ts';
import { createSecretConsumerRepository } from './repositories/secret-consumers.ts';
import { createSecretListRepository } from './repositories/secret-lists.ts';
import { createSecretMetadataRepository } from './repositories/secret-metadata.ts';
import { createSecretStoreRecordRepository } from './repositories/secret-store-records.ts';
import { createSecretTargetRepository } from './repositories/secret-targets.ts';
import { createSecretRepository } from './repositories/secrets.ts';
import { createStoreCountRepository } from './repositories/store-counts.ts';
import { createTransportKeyRepository } from './repositories/transport-keys.ts';
import type { StoreRegistry } from './stores/registry.ts';

export interface Broker {
  readonly services: Services;
  readonly database: Database;
  close(): Promise<void>;
}

/** What a process adds to its configuration: of several workers each keeps an audit file of its own. */
export interface ComposeOptions {
  readonly log: Log;
  readonly worker?: number;
}

/** Every object, built once. Whatever cannot be opened stops the start: an absence found later is an outage. */
export async function compose(config: Config, { log, worker }: ComposeOptions): Promise<Broker> {
  const database = await readyDatabase(config);
  const stores = await openStores(config, { database, log });
  const repositories = createRepositories(database);
  await refuseForgottenStores(stores, repositories);
  const storeRecords = await createSecretStoreRecordRepository(database).register(stores.all, now());
  const policy = await openPolicy(config, log);
  const audit = createAudit(await Promise.all(config.audit.sinks.map((sink) => openSink(sink, log, worker))));
  const services: Services = {
    ...repositories,
    identity: config.identity.map((options) => openIdentity(options, config.listen.host)),
    policy,
    audit,
    log,
    stores,
    storeRecords,
    databaseHealth: () => ping(database),
    orderBell: createOrderBell(),
    clock: now,
    ...surface(config),
  };
  return { services, database, close: () => closeAll(services, database) };
}

/** Connected, and with the schema this version needs. Only the embedded database changes its own schema. */
export async function readyDatabase(config: Config): Promise<Database> {
  const database = openDatabase(config.database);
  const pending = await pendingMigrations(database);
  if (pending.length === 0) return database;
  if (config.database.migrate === 'auto') {
    await migrate(database);
    return database;
  }
  await database.knex.destroy();
  throw new ConfigurationError(
    `the database lacks ${pending.length} migrations (the first is ${pending[0]}): run "postern db migrate"`,
  );
}

type Repositories = Pick<
  Services,
  | 'secrets'
  | 'secretTargets'
  | 'secretLists'
  | 'secretMetadata'
  | 'secretAcls'
  | 'secretConsumers'
  | 'containerAcls'
  | 'containers'
  | 'containerTargets'
  | 'containerLists'
  | 'containerMembers'
  | 'containerConsumers'
  | 'orders'
  | 'orderLists'
  | 'receipts'
  | 'runs'
  | 'projectStores'
  | 'storeCounts'
  | 'quotas'
  | 'quotaReservations'
  | 'transportKeys'
>;

function createRepositories(database: Database): Repositories {
  return {
    secrets: createSecretRepository(database),
    secretTargets: createSecretTargetRepository(database),
    secretLists: createSecretListRepository(database),
    secretMetadata: createSecretMetadataRepository(database),
    secretAcls: createSecretAclRepository(database),
    secretConsumers: createSecretConsumerRepository(database),
    containerAcls: createContainerAclRepository(database),
    containers: createContainerRepository(database),
    containerTargets: createContainerTargetRepository(database),
    containerLists: createContainerListRepository(database),
    containerMembers: createContainerMemberRepository(database),
    containerConsumers: createContainerConsumerRepository(database),
    orders: createOrderRepository(database),
    orderLists: createOrderListRepository(database),
    receipts: createMoveReceiptRepository(database),
    runs: createRunRepository(database),
    projectStores: createProjectStoreRepository(database),
    storeCounts: createStoreCountRepository(database),
    quotas: createQuotaRepository(database),
    quotaReservations: createQuotaReservationRepository(database),
    transportKeys: createTransportKeyRepository(database),
  };
}

/** A store that holds secrets, or that a project was given, cannot vanish from the configuration. */
async function refuseForgottenStores(stores: StoreRegistry, repositories: Repositories): Promise<void> {
  const known = new Set(stores.all.map((store) => store.name));
  for (const [name, count] of await repositories.secrets.countAnyProjectByStore()) {
    if (!known.has(name)) refuseForgotten(name, `holds ${count} secrets`);
  }
  for (const [name, count] of await repositories.receipts.countAnyRunOpenByStore()) {
    if (!known.has(name))
      refuseForgotten(name, `has copies of ${count} secrets of moves that have not ended`);
  }
  for (const { projectId, store } of await repositories.projectStores.listAnyProject()) {
    if (!known.has(store)) refuseForgotten(store, `is assigned to project ${projectId}`);
  }
}

function refuseForgotten(store: string, why: string): never {
  throw new ConfigurationError(`store "${store}" ${why} but is not configured under stores.configured`);
}

function openPolicy(config: Config, log: Log): Promise<PolicyEngine> {
  return createOpaEngine({
    bundle: config.policy.bundle,
    data: config.policy.data,
    reloadSeconds: config.policy.reload,
    onReload: (revision) => log.info('policy reloaded', { revision }),
    onError: (error) =>
      log.error('the policy bundle is broken; the last good one goes on', errorFields(error)),
  });
}

type IdentityConfig = Config['identity'][number];

function openIdentity(options: IdentityConfig, host: string): IdentityProvider {
  if (options.kind === 'keystone') return createKeystoneProvider(options.name, options, { clock: Date.now });
  assertLoopback(host);
  return createHeadersProvider(options.name, options);
}

function openSink(
  { path, spool_bytes }: Config['audit']['sinks'][number],
  log: Log,
  worker: number | undefined,
): ReturnType<typeof createFileSink> {
  return createFileSink({
    path: worker === undefined ? path : `${path}.${worker}`,
    log,
    ...(spool_bytes === undefined ? {} : { spoolBytes: spool_bytes }),
  });
}

type Surface = Pick<
  Services,
  | 'limits'
  | 'defaultQuotas'
  | 'multipleStores'
  | 'storeClasses'
  | 'links'
  | 'maxMicroversion'
  | 'cors'
  | 'healthcheckDisableFile'
  | 'version'
>;

function surface(config: Config): Surface {
  return {
    limits: {
      maxSecretBytes: config.limits.max_secret_bytes,
      maxRequestBytes: config.limits.max_request_bytes,
      defaultPageSize: config.limits.default_page_size,
      maxPageSize: config.limits.max_page_size,
    },
    defaultQuotas: config.quotas,
    storeClasses: new Map(config.stores.configured.map(({ name, classes }) => [name, classes])),
    multipleStores: config.stores.multiple ?? config.stores.configured.length > 1,
    links: { publicUrl: config.listen.public_url, trustProxy: config.listen.trust_proxy },
    maxMicroversion: Number(config.api.max_microversion.slice(2)) as Microversion,
    cors: { allowedOrigins: config.cors.allowed_origins },
    healthcheckDisableFile: config.healthcheck.disable_file,
    version: packageVersion(),
  };
}

/** Beside the sources in a clone, two folders up in a build. */
function packageVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      continue;
    }
  }
  return '0.0.0';
}

async function closeAll({ stores, identity, policy, audit }: Services, database: Database): Promise<void> {
  for (const store of stores.all) await store.close();
  for (const provider of identity) await provider.close();
  await policy.close();
  await audit.close();
  await database.knex.destroy();
}
