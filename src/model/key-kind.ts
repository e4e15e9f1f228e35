/** Key pairs that an order can ask for. */
export const PAIR_KINDS = ['rsa', 'dsa', 'ecdsa', 'ed25519'] as const;
export type PairKind = (typeof PAIR_KINDS)[number];
