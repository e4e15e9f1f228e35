import { createPublicKey } from 'node:crypto';
import { StoreRejected } from '../../src/errors.ts';
import { Payload } from '../../src/model/payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { storeRef, type KeyGenerator, type MadeKey, type StoreRef } from '../../src/stores/secret-store.ts';
import type { KeyId, KeyRecord } from './key-record.ts';
import type { Kra } from './kra.ts';
import type { GenerationRequest } from './new-key.ts';
import { payloadOf } from './payload-form.ts';

/** Seen to be made and to come back equal. The KRA also makes DES and 3DES keys, which it then does not give out. */
const AES_BITS = [128, 192, 256];
const RSA_BITS = [1024, 2048, 3072, 4096];

export interface GeneratorDeps {
  readonly kra: Kra;
  /** The key of this secret, made by the request or by one like it before. */
  readonly claim: (secret: SecretHeader, request: GenerationRequest) => Promise<KeyId>;
  readonly put: (secret: SecretHeader, payload: Payload) => Promise<StoreRef>;
}

/** Keys born in the KRA. It has no elliptic curves, and DSA only of 1024 bits. */
export function createGenerator(deps: GeneratorDeps): KeyGenerator {
  return {
    makesKey: ({ algorithm }, bits) => algorithm?.toLowerCase() === 'aes' && AES_BITS.includes(bits),
    makeKey: async (secret, bits) => {
      const usage = 'encrypt,decrypt';
      const request = { className: 'SymKeyGenerationRequest', algorithm: 'AES', bits, usage } as const;
      return { ref: storeRef(await deps.claim(secret, request)), size: bits / 8 };
    },
    makesPair: (kind, bits) => kind === 'rsa' && RSA_BITS.includes(bits),
    makePair: async ({ privateKey, publicKey }, _kind, bits) => {
      const usage = 'encrypt,decrypt,sign,verify';
      const request = { className: 'AsymKeyGenerationRequest', algorithm: 'RSA', bits, usage } as const;
      const id = await deps.claim(privateKey, request);
      return { privateKey: await madePrivate(deps, id), publicKey: await keepPublic(deps, publicKey, id) };
    },
  };
}

export function isSuch({ algorithm, bits }: GenerationRequest): (key: KeyRecord) => Promise<boolean> {
  return async (key) => key.algorithm === algorithm && key.size === bits;
}

/** Read once, for its size as PEM: and so a pair that the KRA would not give out again fails now, not later. */
async function madePrivate({ kra }: GeneratorDeps, id: KeyId): Promise<MadeKey> {
  const recovered = await kra.retrieve(id);
  if (recovered === undefined) throw new StoreRejected('the KRA made a pair that it does not have');
  const payload = payloadOf(recovered);
  payload.wipe();
  return { ref: storeRef(id), size: payload.size };
}

/** A key of its own in the KRA: found by its own secret's id, and destroyed without touching the private half. */
async function keepPublic({ kra, put }: GeneratorDeps, secret: SecretHeader, id: KeyId): Promise<MadeKey> {
  const publicKey = (await kra.find(id))?.publicKey;
  if (publicKey === undefined || publicKey === null)
    throw new StoreRejected('the KRA made a pair without public half');
  const spki = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
  const payload = Payload.copy(Buffer.from(spki.export({ type: 'spki', format: 'pem' })));
  return { ref: await put(secret, payload), size: payload.size };
}
