import { kekId, secretId, type KekId } from '../../model/ids.ts';
import type { SecretHeader } from '../../model/secret.ts';
import type { KeksWanted } from '../../repositories/kek-rotation.ts';
import type { SealedWanted } from '../../repositories/sealed-payload-rotation.ts';
import type { RotateDeps } from './rotate-deps.ts';

const PAGE = 200;

/** Of which KEKs, and of what these sealed, which. */
export interface RowsWanted {
  readonly keks: KeksWanted;
  readonly rows: SealedWanted;
}

export interface SealedItem {
  /** KEK and secret: the order in which rows are gone through. */
  readonly key: string;
  readonly secret: SecretHeader;
}

type PagesDeps = Pick<RotateDeps, 'keksInRotation' | 'sealedInRotation' | 'pace'>;

/** KEK by KEK, since what one sealed has an index. Rows that come meanwhile may be among them or not. */
export function sealedPages(
  deps: PagesDeps,
  { keks, rows }: RowsWanted,
): (after: string | undefined) => Promise<readonly SealedItem[]> {
  return async (after) => {
    const [lastKek, lastSecret] = after?.split('/') ?? [];
    let kek = lastKek === undefined ? await nextKek(deps, keks) : kekId(lastKek);
    let secret = lastSecret === undefined ? undefined : secretId(lastSecret);
    while (kek !== undefined) {
      const found = await deps.sealedInRotation.list(kek, rows, { after: secret, limit: PAGE });
      const at = kek;
      if (found.length > 0) return found.map((header) => ({ key: `${at}/${header.id}`, secret: header }));
      kek = await nextKek(deps, keks, kek);
      secret = undefined;
    }
    return [];
  };
}

async function nextKek(
  { keksInRotation, pace }: PagesDeps,
  wanted: KeksWanted,
  after?: KekId,
): Promise<KekId | undefined> {
  if (pace.signal.aborted) return undefined;
  const [kek] = await keksInRotation.listAnyProject(wanted, { after, limit: 1 });
  return kek?.id;
}
