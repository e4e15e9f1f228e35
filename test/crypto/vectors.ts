import { createSecretKey, type KeyObject } from 'node:crypto';
import type { PayloadContext } from '../../src/crypto/aad.ts';
import { encodeKekId } from '../../src/crypto/envelope.ts';
import type { Randomness } from '../../src/crypto/seal.ts';
import type { Kek } from '../../src/crypto/sealed-payload.ts';
import { kekId, projectId, secretId } from '../../src/model/ids.ts';

/** Known answers, computed by one implementation and opened by another. Spaces in hex are layout. */
export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** Octets that count up from `first`. */
export const counting = (first: number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => first + at));

export const keyOf = (bytes: Buffer): KeyObject => createSecretKey(bytes);

export const ROOT_KEY_NAME = 'root-2026-1';
export const ROOT_KEY = keyOf(counting(0x00, 32));
export const MAC_KEY = keyOf(counting(0xe0, 32));
export const KEK_BYTES = counting(0x40, 32);
export const DEK_BYTES = counting(0x60, 32);
export const KEK_IV = counting(0xa0, 12);
export const DEK_IV = counting(0xb0, 12);
export const PAYLOAD_IV = counting(0xc0, 12);
export const PAYLOAD = Buffer.from('correct horse battery staple', 'ascii');

export const KEK_ID = kekId('11111111-2222-4333-8444-555555555555');
export const KEK: Kek = { id: KEK_ID, octets: encodeKekId(KEK_ID), version: 1, key: keyOf(KEK_BYTES) };

export const CONTEXT: PayloadContext = {
  store: 'software',
  projectId: projectId('f1a2b3c4d5e6478899aabbccddeeff00'),
  secretId: secretId('9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d'),
};

/** Randomness that is these octets, once, and exactly as many as are asked for. */
export function fixed(...octets: readonly Buffer[]): Randomness {
  const all = Buffer.concat(octets);
  return (target) => {
    if (target.length !== all.length)
      throw new Error(`asked for ${target.length} random octets, not ${all.length}`);
    all.copy(target);
  };
}

export const WRAPPED_KEK_GCM = hex(`
  4b424b31 01 0b 726f6f742d323032362d31
  a0a1a2a3a4a5a6a7a8a9aaab
  a6593e6e018e44f82a2ccd984b378e9120fd0b43c6e2143bc4577cdd23f62b5e
  dd6319f2bcd9aa4147658b3dda20598c`);

export const WRAPPED_KEK_KWP_MAC = hex(`
  4b424b31 05 0b 726f6f742d323032362d31
  6d10efa7ee3023460945c8a9886e7101353d66337100c5ff2bcb08bf790e9e202eaa28c31d721d87
  28e9f8e30497e870a267f8c6e595fe6fa277ab0333df33c825e441aa95ec9e1d`);

export const SEALED_ENVELOPE = hex(`
  4b425031 01 01 003c 11111111222243338444555555555555
  b0b1b2b3b4b5b6b7b8b9babb
  6361e2e6a52f8dfe53874d93819b22a4ce79f65b3060a0e88bbf1a40f5cd8cef
  6dba3e4264bdee057503c4f749269950
  c0c1c2c3c4c5c6c7c8c9cacb
  824fe2a57070afc307836a71eaf97a74f2496721a191ba824802270c
  4ed851679d2a301bc6442baaf1cf7ad7`);

export const SEALED_DIRECT = hex(`
  4b425031 01 00 0000 11111111222243338444555555555555
  c0c1c2c3c4c5c6c7c8c9cacb
  3c2b42bc1ff949cb1cd65645ce83c0aceb813b23a70e5d7c9dc35f09
  33941a92682e993d81077a5cad44ef2e`);

/** RFC 5649 section 6, its second example; and one that a PKCS#11 token and OpenSSL agree on. */
export const KWP_VECTORS = [
  {
    name: 'RFC 5649, 7 octets under 192 bits',
    kek: hex('5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8'),
    key: hex('466f7250617369'),
    wrapped: hex('afbeb0f07dfbf5419200f2ccb50bb24f'),
  },
  {
    name: '32 octets under 256 bits',
    kek: counting(0x00, 32),
    key: counting(0x20, 32),
    wrapped: hex('92f48c52045c08050ec796a5a91c5ddaf7c61cbdc940adc8d3dc8a144f6161a8c5d3299e325f1750'),
  },
] as const;
