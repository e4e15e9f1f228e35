import type { Audit } from '../audit/audit.ts';
import type { IdentityProvider } from '../identity/provider.ts';
import type { Log } from '../log.ts';
import type { Quotas } from '../model/quota.ts';
import type { Clock } from '../model/timestamp.ts';
import type { OrderBell } from '../operations/orders/order-bell.ts';
import type { PolicyEngine } from '../policy/engine.ts';
import type { ContainerAclRepository } from '../repositories/container-acls.ts';
import type { ContainerConsumerRepository } from '../repositories/container-consumers.ts';
import type { ContainerListRepository } from '../repositories/container-lists.ts';
import type { ContainerMemberRepository } from '../repositories/container-members.ts';
import type { ContainerTargetRepository } from '../repositories/container-targets.ts';
import type { ContainerRepository } from '../repositories/containers.ts';
import type { MoveReceiptRepository } from '../repositories/move-receipts.ts';
import type { OrderListRepository } from '../repositories/order-lists.ts';
import type { OrderRepository } from '../repositories/orders.ts';
import type { ProjectStoreRepository } from '../repositories/project-stores.ts';
import type { QuotaReservationRepository } from '../repositories/quota-reservations.ts';
import type { QuotaRepository } from '../repositories/quotas.ts';
import type { RunRepository } from '../repositories/runs.ts';
import type { SecretAclRepository } from '../repositories/secret-acls.ts';
import type { SecretConsumerRepository } from '../repositories/secret-consumers.ts';
import type { SecretListRepository } from '../repositories/secret-lists.ts';
import type { SecretMetadataRepository } from '../repositories/secret-metadata.ts';
import type { SecretStoreRecord } from '../repositories/secret-store-records.ts';
import type { SecretTargetRepository } from '../repositories/secret-targets.ts';
import type { SecretRepository } from '../repositories/secrets.ts';
import type { StoreCountRepository } from '../repositories/store-counts.ts';
import type { TransportKeyRepository } from '../repositories/transport-keys.ts';
import type { StoreRegistry } from '../stores/registry.ts';
import type { LinkOptions } from './links.ts';
import type { Microversion } from './microversion.ts';
import type { Limits } from './route.ts';

/** All that the pipeline and the handlers work with; built once, in `compose.ts`. */
export interface Services {
  readonly identity: readonly IdentityProvider[];
  readonly policy: PolicyEngine;
  readonly audit: Audit;
  readonly log: Log;
  readonly stores: StoreRegistry;
  /** Rejects while the database does not answer. */
  readonly databaseHealth: () => Promise<void>;
  readonly secrets: SecretRepository;
  readonly secretTargets: SecretTargetRepository;
  readonly secretLists: SecretListRepository;
  readonly secretMetadata: SecretMetadataRepository;
  readonly secretAcls: SecretAclRepository;
  readonly secretConsumers: SecretConsumerRepository;
  readonly containerAcls: ContainerAclRepository;
  readonly containers: ContainerRepository;
  readonly containerTargets: ContainerTargetRepository;
  readonly containerLists: ContainerListRepository;
  readonly containerMembers: ContainerMemberRepository;
  readonly containerConsumers: ContainerConsumerRepository;
  readonly orders: OrderRepository;
  readonly orderLists: OrderListRepository;
  readonly orderBell: OrderBell;
  readonly receipts: MoveReceiptRepository;
  readonly runs: RunRepository;
  readonly projectStores: ProjectStoreRepository;
  readonly storeCounts: StoreCountRepository;
  readonly quotas: QuotaRepository;
  readonly quotaReservations: QuotaReservationRepository;
  /** Of projects for which nothing is set. */
  readonly defaultQuotas: Quotas;
  readonly transportKeys: TransportKeyRepository;
  /** What the API says of the configured stores, by name. */
  readonly storeRecords: readonly SecretStoreRecord[];
  /** By the names of stores: the words that the configuration has for each, for rules to choose by. */
  readonly storeClasses: ReadonlyMap<string, readonly string[]>;
  /** Projects may see the stores and prefer one. */
  readonly multipleStores: boolean;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly links: LinkOptions;
  readonly maxMicroversion: Microversion;
  readonly cors: CorsOptions;
  /** While this file exists the health check answers 503, so that a load balancer lets go. */
  readonly healthcheckDisableFile: string | null;
  readonly version: string;
}

export interface CorsOptions {
  readonly allowedOrigins: readonly string[];
}
