import type { CryptographicAlgorithm, Usage } from '../../src/ttlv/key-enums.ts';

/** What only RSA can do, of the keys that come in pairs. */
const OF_RSA: readonly Usage[] = ['Encrypt', 'Decrypt', 'Wrap Key', 'Unwrap Key'];

/** Of what an operator allows, what a key of this algorithm can do: strict servers refuse the rest. */
export function pairUsage(algorithm: CryptographicAlgorithm, allowed: readonly Usage[]): readonly Usage[] {
  return algorithm === 'RSA' ? allowed : allowed.filter((usage) => !OF_RSA.includes(usage));
}
