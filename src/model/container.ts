import type { ContainerId, ProjectId, SecretId } from './ids.ts';
import type { Timestamp } from './timestamp.ts';

/** `dsa` comes from orders only. */
export const CONTAINER_TYPES = ['generic', 'rsa', 'certificate', 'dsa'] as const;
export type ContainerType = (typeof CONTAINER_TYPES)[number];

/** A secret in a container. No name and the empty name are two names. */
export interface Member {
  readonly name: string | null;
  readonly secretId: SecretId;
}

export interface Container {
  readonly id: ContainerId;
  readonly projectId: ProjectId;
  readonly creatorId: string | null;
  readonly name: string | null;
  readonly type: ContainerType;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}
