import { randomBytes } from 'node:crypto';
import { kekAad, payloadScope, type PayloadContext } from '../../src/crypto/aad.ts';
import { decodeSealed, encodeKekId, encodeSealed, type SealedBlob } from '../../src/crypto/envelope.ts';
import { requireSameBytes } from '../../src/crypto/sealed-payload.ts';
import type { KekRecord, WrappedByRoot } from '../../src/model/kek.ts';
import type { SealedPayload } from '../../src/model/sealed-payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { KeyRotation, Resealing } from '../../src/stores/key-rotation.ts';
import type { UseCounts } from '../../src/stores/use-counts.ts';
import type { Pkcs11Options } from './options.ts';
import { createKek, type ProjectKeks, type ProjectKeksDeps } from './project-keks.ts';
import type { Sealing } from './sealing.ts';
import type { TokenClient } from './token-client.ts';
import { contextOf, located, readRow, requireOwn } from './token-sealer.ts';

export interface TokenRotationDeps extends Pick<ProjectKeksDeps, 'store' | 'clock'> {
  readonly options: Pick<Pkcs11Options, 'mode' | 'master_keys'>;
  readonly token: TokenClient;
  readonly sealing: Sealing;
  readonly keks: ProjectKeks;
  readonly uses: UseCounts;
}

/** Keys of every level replaced. No KEK is ever clear outside of the token for it, but for those of mode K. */
export function createTokenRotation(deps: TokenRotationDeps): KeyRotation {
  const { store, options, token, keks, uses, clock } = deps;
  const [first = '', ...others] = options.master_keys.map(({ id }) => id);
  const signerOf = signing(deps);
  return {
    masterKeys: [first, ...others],
    rewrap: (kek) => rewrap(deps, kek, first),
    newKek: (project, version) => createKek({ store, rootKey: first, token, clock }, project, version),
    reseal: (secret, row, active, how) =>
      located(store, secret, async () => {
        const isThere = row.kekId === active.id && how === 'rewrap';
        if (isThere && [undefined, first].includes(await signerOf(secret, row))) return undefined;
        const from = await readRow(keks, secret, row);
        requireOwn(active, secret);
        const blob = await resealed(deps, { ...from, blob: row.blob, active, how }, contextOf(store, secret));
        uses.count(active.id);
        return { kekId: active.id, blob };
      }),
    masterKeyOf: (secret, row) => located(store, secret, () => signerOf(secret, row)),
  };
}

/** Of payloads of `cbc-mac` the MAC is by a master key; the layout does not say which, so that the token is asked. */
const signing =
  ({ store, options, token, keks }: TokenRotationDeps) =>
  async (secret: SecretHeader, row: SealedPayload): Promise<string | undefined> => {
    if (decodeSealed(row.blob).content !== 'cbc-mac') return undefined;
    const { kek } = await readRow(keks, secret, row);
    const place = await token.signer(kek, payloadScope(contextOf(store, secret)), row.blob);
    return options.master_keys[place]?.id;
  };

async function rewrap(
  deps: TokenRotationDeps,
  kek: KekRecord,
  rootKey: string,
): Promise<WrappedByRoot | undefined> {
  const { token } = deps;
  if (kek.rootKey === rootKey) {
    await token.checkKek(kek);
    return undefined;
  }
  const aad = kekAad({ ...kek, id: encodeKekId(kek.id) }, rootKey);
  const wrapped = await token.rewrapKek(kek, rootKey, aad);
  await requireSameKek(deps, kek, { ...kek, rootKey, wrapped });
  return { rootKey, wrapped };
}

/** What the one closes the other opens. Where the mode lets KEKs out of the token anyway, they are compared. */
async function requireSameKek(
  { options, token, sealing, store }: TokenRotationDeps,
  before: KekRecord,
  after: KekRecord,
): Promise<void> {
  if (options.mode === 'K') {
    const bytes = await token.revealKek(before);
    try {
      requireSameBytes(await token.revealKek(after), bytes);
    } finally {
      bytes.fill(0);
    }
    return;
  }
  const { projectId, id } = before;
  const context = { store, projectId, secretId: id as string as PayloadContext['secretId'] };
  const probe = randomBytes(32);
  if (options.mode === 'W') {
    const wrapped = await sealing.wrapDek(before, context, probe);
    requireSameBytes(await sealing.unwrapDek(after, context, wrapped), probe);
    return;
  }
  const blob = await token.seal(before, payloadScope(context), probe);
  requireSameBytes(await token.open(after, payloadScope(context), blob), probe);
}

interface Work {
  readonly kek: KekRecord;
  readonly sealed: SealedBlob;
  readonly blob: Buffer;
  readonly active: KekRecord;
  readonly how: Resealing;
}

async function resealed(
  { sealing }: TokenRotationDeps,
  { kek, sealed, blob, active, how }: Work,
  context: PayloadContext,
): Promise<Buffer> {
  if (how === 'rewrap' && sealed.suite !== 'none')
    return rewrapped(sealing, { kek, sealed, active }, context);
  const payload = await sealing.open(kek, context, sealed, blob);
  try {
    const fresh = await sealing.seal(active, context, payload);
    requireSameBytes(await sealing.open(active, context, decodeSealed(fresh), fresh), payload);
    return fresh;
  } finally {
    payload.fill(0);
  }
}

/** The payload has a data key of its own: that is wrapped anew, whatever the mode. */
async function rewrapped(
  sealing: Sealing,
  { kek, sealed, active }: Pick<Work, 'kek' | 'sealed' | 'active'>,
  context: PayloadContext,
): Promise<Buffer> {
  const dek = await sealing.unwrapDek(kek, context, sealed);
  try {
    const wrapped = await sealing.wrapDek(active, context, dek);
    requireSameBytes(await sealing.unwrapDek(active, context, wrapped), dek);
    return encodeSealed(wrapped.suite, encodeKekId(active.id), { ...sealed, ...wrapped });
  } finally {
    dek.fill(0);
  }
}
