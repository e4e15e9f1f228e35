import type { MoveSpec } from '../../model/move.ts';
import type { Timestamp } from '../../model/timestamp.ts';
import type { MovableCount, MovableSecretRepository } from '../../repositories/movable-secrets.ts';
import type { SecretStore } from '../../stores/secret-store.ts';

export interface MovePlan {
  /** By project and store. */
  readonly rows: readonly MovableCount[];
  readonly secrets: number;
  /** Of those, secrets whose type or size the target cannot hold. */
  readonly unfit: number;
}

/** What a move would do, as of now; nothing is changed. */
export async function planMove(
  movable: MovableSecretRepository,
  spec: MoveSpec,
  target: Pick<SecretStore, 'capabilities'>,
  now: Timestamp,
): Promise<MovePlan> {
  const rows = await movable.countAnyProject(spec, now);
  const unfit = await movable.countAnyProjectUnfit(spec, now, target.capabilities);
  return { rows, secrets: rows.reduce((sum, row) => sum + row.secrets, 0), unfit };
}
