import type { Container, ContainerType } from '../model/container.ts';
import { containerId, projectId } from '../model/ids.ts';
import { timestamp } from '../model/timestamp.ts';

/** A row of `containers`, as both databases return it. */
export interface ContainerRow {
  readonly id: string;
  readonly project_id: string;
  readonly creator_id: string | null;
  readonly name: string | null;
  readonly type: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export function toContainer(row: ContainerRow): Container {
  return {
    id: containerId(row.id),
    projectId: projectId(row.project_id),
    creatorId: row.creator_id,
    name: row.name,
    type: row.type as ContainerType,
    createdAt: timestamp(row.created_at),
    updatedAt: timestamp(row.updated_at),
  };
}

export function toContainerRow(container: Container): ContainerRow {
  return {
    id: container.id,
    project_id: container.projectId,
    creator_id: container.creatorId,
    name: container.name,
    type: container.type,
    created_at: container.createdAt,
    updated_at: container.updatedAt,
  };
}
