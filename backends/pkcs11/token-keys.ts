import {
  createMasterKeys,
  describeKey,
  destroyMasterKeys,
  findKeys,
  macFaults,
  mkekFaults,
  type KeyAttributes,
} from './master-keys.ts';
import type { Answer, Request, TokenService } from './token-service.ts';
import { TokenFault } from './rv.ts';
import type { Token } from './token.ts';

/** One of a store's master keys, as the token has it. */
export interface DescribedKey {
  /** Of the pair, from the configuration. */
  readonly id: string;
  readonly label: string;
  readonly use: 'mkek' | 'hmac';
  /** How many keys of that label the token has. */
  readonly count: number;
  readonly attributes: KeyAttributes;
  /** What is wrong with it; empty for a good one. */
  readonly faults: readonly string[];
}

/** The token before it has keys: for making and for looking at them. */
export function createTokenKeys(token: Token): TokenService {
  return {
    answer: async ({ head }: Request): Promise<Answer> => {
      if (head.op === 'create_keys') await createMasterKeys(token, labelsOf(token, head.rootKey));
      else if (head.op === 'destroy_keys') destroyMasterKeys(token, labelsOf(token, head.rootKey));
      else if (head.op !== 'describe_keys')
        throw new TokenFault('internal', `nobody answers ${head.op} here`);
      return { head: { keys: describeAll(token) } };
    },
  };
}

function labelsOf({ options }: Token, id: string | undefined): Token['options']['master_keys'][number] {
  const labels = options.master_keys.find((one) => one.id === id);
  if (labels === undefined) throw new TokenFault('internal', 'a master key that is not configured');
  return labels;
}

function describeAll(token: Token): readonly DescribedKey[] {
  return token.options.master_keys.flatMap(({ id, mkek_label, hmac_label }) => [
    describe(token, { id, label: mkek_label, use: 'mkek' }),
    describe(token, { id, label: hmac_label, use: 'hmac' }),
  ]);
}

function describe(token: Token, key: Pick<DescribedKey, 'id' | 'label' | 'use'>): DescribedKey {
  const found = findKeys(token.module, token.keeper, key.label);
  const [handle] = found;
  if (handle === undefined) return { ...key, count: 0, attributes: {}, faults: [`no key "${key.label}"`] };
  const attributes = describeKey(token.module, token.keeper, handle);
  const faults =
    key.use === 'mkek' ? mkekFaults(attributes, key.label) : macFaults(attributes, key.label, token.options);
  const twice = found.length > 1 ? [`more than one key "${key.label}"`] : [];
  return { ...key, count: found.length, attributes, faults: [...twice, ...faults] };
}
