import { payloadScope } from '../../src/crypto/aad.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { KekRecord } from '../../src/repositories/keks.ts';
import { storeRef, type KeyGenerator, type MadeKey } from '../../src/stores/secret-store.ts';
import type { UseCounts } from '../../src/stores/use-counts.ts';
import type { ProjectKeks } from './project-keks.ts';
import type { Probed } from './requests.ts';
import type { MadeBlob, TokenClient } from './token-client.ts';
import { contextOf } from './token-sealer.ts';

/** Longer than any key there is an algorithm for, and short enough for one call of a small token. */
const MAX_KEY_BITS = 4_096;

export interface TokenGeneratorDeps {
  readonly store: string;
  readonly token: TokenClient;
  readonly keks: ProjectKeks;
  readonly uses: UseCounts;
  /** What the token was seen to make. */
  readonly probed: Probed;
}

/** Keys from the token's own generator, sealed by the token where they are made: in our memory they are never clear. */
export function createTokenGenerator({ store, token, keks, uses, probed }: TokenGeneratorDeps): KeyGenerator {
  const scopeOf = (secret: SecretHeader): Buffer => payloadScope(contextOf(store, secret));
  const halfOf = async (secret: SecretHeader) => ({
    kek: await keks.active(secret.projectId),
    scope: scopeOf(secret),
  });
  const made = (kek: KekRecord, secret: SecretHeader, { blob, size }: MadeBlob): MadeKey => {
    uses.count(kek.id);
    return { ref: storeRef(secret.id), sealed: { kekId: kek.id, blob }, size };
  };
  return {
    makesKey: (_secret, bits) => bits > 0 && bits % 8 === 0 && bits <= MAX_KEY_BITS,
    makeKey: async (secret, bits) => {
      const kek = await keks.active(secret.projectId);
      return made(kek, secret, await token.makeKey(kek, scopeOf(secret), bits));
    },
    makesPair: (kind, bits) =>
      probed.pairs.some(([itsKind, itsBits]) => itsKind === kind && itsBits === bits),
    makePair: async ({ privateKey, publicKey }, kind, bits) => {
      const halves = { privateKey: await halfOf(privateKey), publicKey: await halfOf(publicKey) };
      const pair = await token.makePair(halves, kind, bits);
      return {
        privateKey: made(halves.privateKey.kek, privateKey, pair.privateKey),
        publicKey: made(halves.publicKey.kek, publicKey, pair.publicKey),
      };
    },
  };
}
