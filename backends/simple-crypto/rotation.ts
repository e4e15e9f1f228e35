import { randomUUID } from 'node:crypto';
import { decodeSealed } from '../../src/crypto/envelope.ts';
import {
  openSealed,
  requireSameBytes,
  rewrapEnvelope,
  sealEnvelope,
  type KekChange,
} from '../../src/crypto/sealed-payload.ts';
import { IntegrityError } from '../../src/errors.ts';
import { kekId, type KekId } from '../../src/model/ids.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { Clock } from '../../src/model/timestamp.ts';
import type { KeyRotation, Resealing } from '../../src/stores/key-rotation.ts';
import type { UseCounts } from '../../src/stores/use-counts.ts';
import type { ProjectKeks } from './project-keks.ts';
import type { ProjectKek, RootKeys } from './root-keys.ts';

export interface RotationDeps {
  readonly store: string;
  readonly rootKeys: RootKeys;
  readonly keks: ProjectKeks;
  readonly uses: UseCounts;
  readonly clock: Clock;
}

/** Keys of every level replaced in software, each result opened again before anybody may write it. */
export function createRotation({ store, rootKeys, keks, uses, clock }: RotationDeps): KeyRotation {
  const kekOf = async (id: KekId, secret: SecretHeader): Promise<ProjectKek> => {
    const kek = keks.cachedById(id) ?? (await keks.loadById(id));
    if (kek.projectId === secret.projectId) return kek;
    throw new IntegrityError('', {
      detail: `secret ${secret.id} in store "${store}": a KEK of another project`,
    });
  };
  return {
    masterKeys: rootKeys.ids,
    rewrap: async (kek) => Promise.resolve(rootKeys.rewrap(kek)),
    newKek: async (projectId, version) => {
      const fresh = { id: kekId(randomUUID()), store, projectId, version, createdAt: clock() };
      return Promise.resolve(rootKeys.wrapNew(fresh));
    },
    reseal: async (secret, sealed, active, how) => {
      if (how === 'rewrap' && sealed.kekId === active.id) return undefined;
      const change = { from: await kekOf(sealed.kekId, secret), to: await kekOf(active.id, secret) };
      const blob = resealed(
        change,
        { store, projectId: secret.projectId, secretId: secret.id },
        sealed.blob,
        how,
      );
      uses.count(active.id);
      return { kekId: active.id, blob };
    },
  };
}

type Context = Parameters<typeof sealEnvelope>[1];

/** What has no data key of its own gets one. */
function resealed(change: KekChange, context: Context, blob: Buffer, how: Resealing): Buffer {
  if (how === 'rewrap' && decodeSealed(blob).suite !== 'none') return rewrapEnvelope(change, context, blob);
  const payload = openSealed(change.from, context, blob);
  try {
    const fresh = sealEnvelope(change.to, context, payload);
    requireSameBytes(openSealed(change.to, context, fresh), payload);
    return fresh;
  } finally {
    payload.fill(0);
  }
}
