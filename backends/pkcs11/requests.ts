import type { PairKind } from '../../src/model/key-kind.ts';
import type { MadePairKind } from './probes.ts';
import type { FaultKind } from './rv.ts';

/**
 * What can be asked of the token's process. `kek`: parts begin with the associated data and the bytes of a wrapped key.
 *
 * | operation | parts of the request | parts of the answer |
 * | --- | --- | --- |
 * | new_kek | associated data | KBK1 |
 * | rewrap_kek | kek, associated data | KBK1 |
 * | check_kek | kek | |
 * | reveal_kek | kek | the key (mode K) |
 * | seal | kek, scope, payload | KBP1, profile D |
 * | open | kek, scope, KBP1 | payload |
 * | signer | kek, scope, KBP1 | |
 * | wrap_dek, unwrap_dek | kek, associated data, IV, bytes | bytes |
 * | make_key | kek, scope | KBP1 |
 * | make_pair | kek, scope of the private key, kek, scope of the public key | KBP1, KBP1 |
 */
export type Operation =
  | 'start'
  | 'ping'
  | 'probe'
  | 'health'
  | 'new_kek'
  | 'rewrap_kek'
  | 'check_kek'
  | 'reveal_kek'
  | 'seal'
  | 'open'
  | 'signer'
  | 'wrap_dek'
  | 'unwrap_dek'
  | 'make_key'
  | 'make_pair'
  | 'describe_keys'
  | 'create_keys'
  | 'destroy_keys';

/** Names a project key whose bytes are among the parts. */
export interface KekName {
  /** 16 octets in hex. */
  readonly id: string;
  readonly version: number;
}

export interface RequestHead {
  readonly id: number;
  readonly op: Operation;
  /** How long the caller waits, in milliseconds. */
  readonly limit: number;
  readonly kek?: KekName;
  /** Of the public key, which may belong to another project. */
  readonly publicKek?: KekName;
  readonly rootKey?: string;
  readonly bits?: number;
  readonly kind?: PairKind;
}

/** Either `fault` or what the operation answers. */
export interface AnswerHead {
  readonly id: number;
  readonly fault?: { readonly kind: FaultKind; readonly detail: string };
  readonly [answer: string]: unknown;
}

/** What a token was found to be able to. */
export interface Probed {
  /** In bytes; 0 where payloads are not sealed in the token. */
  readonly largestPayload: number;
  readonly pairs: readonly MadePairKind[];
}
