import { BrokerError } from '../../errors.ts';
import { errorFields, type Log } from '../../log.ts';
import type { Secret } from '../../model/secret.ts';
import type { Timestamp } from '../../model/timestamp.ts';
import type { GarbageRepository } from '../../repositories/garbage.ts';
import type { SecretConsumerRepository } from '../../repositories/secret-consumers.ts';
import { workThrough, type Counts, type ItemOutcome, type Pace } from '../runs/work-through.ts';
import { deleteSecret, type DeleteSecretDeps } from '../secrets/delete-secret.ts';

export interface DeleteExpiredDeps extends DeleteSecretDeps {
  readonly garbage: Pick<GarbageRepository, 'listAnyProjectExpired'>;
  readonly secretConsumers: Pick<SecretConsumerRepository, 'listOf'>;
  readonly log: Log;
  readonly pace: Pace;
}

const ROWS_PER_PAGE = 200;

interface Expired {
  readonly key: string;
  readonly secret: Secret;
  readonly isInUse: boolean;
}

/**
 * Deletes what expired before, as a DELETE of the API does: out of its containers, and its copies with it. What somebody
 * registered to use is `skipped`, as a DELETE would be refused. `store`: only what is there.
 */
export async function deleteExpired(
  deps: DeleteExpiredDeps,
  before: Timestamp,
  store?: string,
): Promise<Counts> {
  let last: Secret | undefined;
  const pages = async (): Promise<readonly Expired[]> => {
    const secrets = await deps.garbage.listAnyProjectExpired(before, last, ROWS_PER_PAGE);
    last = secrets.at(-1) ?? last;
    const users = await deps.secretConsumers.listOf(secrets.map(({ id }) => id));
    return secrets.map((secret) => ({ key: secret.id, secret, isInUse: users.has(secret.id) }));
  };
  return workThrough(
    pages,
    ({ secret, isInUse }) =>
      isInUse || (store !== undefined && secret.store !== store)
        ? Promise.resolve('skipped')
        : deleteOne(deps, secret),
    deps.pace,
  );
}

async function deleteOne(deps: DeleteExpiredDeps, secret: Secret): Promise<ItemOutcome> {
  const fields = { secret: secret.id, project: secret.projectId, store: secret.store ?? '' };
  try {
    await deleteSecret(deps, secret);
    deps.log.info('deleted an expired secret', fields);
    return 'done';
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    deps.log.warn('could not delete an expired secret', { ...fields, ...errorFields(error) });
    return 'failed';
  }
}
