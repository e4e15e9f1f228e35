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
 * Makes the first of the store's master keys on its token: an AES key that may only wrap and unwrap, and a MAC key that may
 * only sign and verify; neither ever leaves. `StoreMisconfigured`, and nothing made, when one of the labels is there.
 */
export function initTokenKeys(deps: TokenKeysDeps): Promise<readonly DescribedKey[]> {
  const rootKey = deps.options.master_keys[0]?.id ?? '';
  return ask(deps, { op: 'create_keys', rootKey });
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
