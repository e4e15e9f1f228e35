import type { PayloadContext } from '../../src/crypto/aad.ts';
import { decodeSealed, type SealedBlob } from '../../src/crypto/envelope.ts';
import { IntegrityError } from '../../src/errors.ts';
import type { KekRecord } from '../../src/model/kek.ts';
import { Payload } from '../../src/model/payload.ts';
import type { SealedPayload } from '../../src/model/sealed-payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { Sealer } from '../../src/stores/secret-store.ts';
import type { UseCounts } from '../../src/stores/use-counts.ts';
import type { ProjectKeks } from './project-keks.ts';
import type { Sealing } from './sealing.ts';

export interface TokenSealerDeps {
  readonly store: string;
  readonly sealing: Sealing;
  readonly keks: ProjectKeks;
  readonly uses: UseCounts;
}

export function createTokenSealer({ store, sealing, keks, uses }: TokenSealerDeps): Sealer {
  return {
    seal: async (secret, payload) => {
      const kek = await keks.active(secret.projectId);
      const blob = await sealing.seal(kek, contextOf(store, secret), payload.bytes());
      uses.count(kek.id);
      return { kekId: kek.id, blob };
    },
    open: (secret, row) =>
      located(store, secret, async () => {
        const { kek, sealed } = await readRow(keks, secret, row);
        return Payload.own(await sealing.open(kek, contextOf(store, secret), sealed, row.blob));
      }),
  };
}

export const contextOf = (store: string, { id, projectId }: SecretHeader): PayloadContext => ({
  store,
  projectId,
  secretId: id,
});

/** A row's parts and the KEK it names, if it can be this secret's. */
export async function readRow(
  keks: Pick<ProjectKeks, 'byId'>,
  secret: SecretHeader,
  { kekId, blob }: SealedPayload,
): Promise<{ readonly kek: KekRecord; readonly sealed: SealedBlob }> {
  const kek = await keks.byId(kekId);
  requireOwn(kek, secret);
  const sealed = decodeSealed(blob);
  if (sealed.kekId !== kekId) throw new IntegrityError('', { detail: 'a sealed payload names another KEK' });
  return { kek, sealed };
}

/** The associated data would not match either; this says why. */
export function requireOwn(kek: KekRecord, secret: SecretHeader): void {
  if (kek.projectId !== secret.projectId)
    throw new IntegrityError('', { detail: 'a KEK of another project' });
}

/** Whoever is paged needs to know which row. */
export async function located<T>(store: string, { id }: SecretHeader, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    const detail = `secret ${id} in store "${store}": ${error.detail ?? ''}`;
    throw new IntegrityError('', { detail, cause: error });
  }
}
