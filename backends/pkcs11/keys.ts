import { StoreMisconfigured } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';
import { createTokenHost } from './host.ts';
import type { Ask } from './link.ts';
import type { Pkcs11Options } from './options.ts';
import type { DescribedKey } from './token-keys.ts';

export interface TokenKeysDeps {
  readonly options: Pkcs11Options;
  readonly log: Log;
}

/**
 * Makes the store's master keys that its token lacks: an AES key that may only wrap and unwrap, and a MAC key that may only
 * sign and verify; neither ever leaves. `StoreMisconfigured`, and nothing made, when it lacks none, has half of a pair, or
 * lacks one that wraps project keys (`wrapped`, by id): then it is the wrong token, or one that has lost its keys.
 */
export async function initTokenKeys(
  deps: TokenKeysDeps,
  wrapped: ReadonlyMap<string, number> = new Map(),
): Promise<readonly DescribedKey[]> {
  const before = await checkTokenKeys(deps);
  const lacking = deps.options.master_keys.filter(({ id }) => lacksPair(before, id));
  const lost = lacking.find(({ id }) => (wrapped.get(id) ?? 0) > 0);
  if (lost !== undefined) {
    throw new StoreMisconfigured(
      `the token lacks master key "${lost.id}", which wraps ${wrapped.get(lost.id)} project keys: nothing was made. Is it the right token?`,
    );
  }
  // With none to make, the first is refused by its label.
  const [first] = deps.options.master_keys;
  const wanted = lacking.length > 0 ? lacking.map(({ id }) => id) : [first?.id ?? ''];
  // The oldest first: should a later one fail, what is made is not yet what wraps.
  for (const rootKey of wanted.reverse()) await ask(deps, { op: 'create_keys', rootKey });
  return checkTokenKeys(deps);
}

/** Neither half: a pair with one half is refused by the token's process, which names what is there. */
const lacksPair = (keys: readonly DescribedKey[], id: string): boolean =>
  keys.filter((key) => key.id === id).every(({ count }) => count === 0);

/** Destroys a pair of master keys on the token. Whether anything needs it is for the caller to find out first. */
export function destroyTokenKeys(deps: TokenKeysDeps, id: string): Promise<readonly DescribedKey[]> {
  return ask(deps, { op: 'destroy_keys', rootKey: id });
}

/** What the token says of every master key of the store, and what is wrong with it. */
export function checkTokenKeys(deps: TokenKeysDeps): Promise<readonly DescribedKey[]> {
  return ask(deps, { op: 'describe_keys' });
}

async function ask(
  { options, log }: TokenKeysDeps,
  request: Omit<Ask, 'limit'>,
): Promise<readonly DescribedKey[]> {
  const host = createTokenHost({ options, log, purpose: 'keys' });
  try {
    const { head } = await host.ask(request, options.generation_timeout * 1_000);
    return head['keys'] as readonly DescribedKey[];
  } finally {
    host.close();
  }
}
