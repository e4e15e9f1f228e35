import type { Audit } from '../audit/audit.ts';
import type { IdentityProvider } from '../identity/provider.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../model/timestamp.ts';
import type { PolicyEngine } from '../policy/engine.ts';
import type { ContainerAclRepository } from '../repositories/container-acls.ts';
import type { ContainerTargetRepository } from '../repositories/container-targets.ts';
import type { ProjectStoreRepository } from '../repositories/project-stores.ts';
import type { SecretAclRepository } from '../repositories/secret-acls.ts';
import type { SecretConsumerRepository } from '../repositories/secret-consumers.ts';
import type { SecretListRepository } from '../repositories/secret-lists.ts';
import type { SecretMetadataRepository } from '../repositories/secret-metadata.ts';
import type { SecretTargetRepository } from '../repositories/secret-targets.ts';
import type { SecretRepository } from '../repositories/secrets.ts';
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
  readonly secrets: SecretRepository;
  readonly secretTargets: SecretTargetRepository;
  readonly secretLists: SecretListRepository;
  readonly secretMetadata: SecretMetadataRepository;
  readonly secretAcls: SecretAclRepository;
  readonly secretConsumers: SecretConsumerRepository;
  readonly containerAcls: ContainerAclRepository;
  readonly containerTargets: ContainerTargetRepository;
  readonly projectStores: ProjectStoreRepository;
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
