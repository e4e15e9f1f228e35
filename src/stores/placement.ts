import { Denied } from '../errors.ts';
import type { SecretHeader } from '../model/secret.ts';
import { requireCapable } from './capabilities.ts';
import type { StoreRegistry } from './registry.ts';
import type { SecretStore } from './secret-store.ts';

export interface PlacementRequest {
  readonly registry: StoreRegistry;
  /** The policy's `store` obligation. */
  readonly requested: string | undefined;
  /** The store assigned to the project. */
  readonly assigned: string | undefined;
  readonly secret: SecretHeader;
  readonly payloadSize: number;
}

export interface Placement {
  readonly store: SecretStore;
  readonly reason: 'policy' | 'project' | 'default';
}

/**
 * Where a new payload goes. One store is chosen and then must do: another one, because this one is down or cannot hold
 * the secret, would put the payload where nobody said it may be.
 */
export function placeSecret(request: PlacementRequest): Placement {
  const placement = choose(request);
  requireCapable(placement.store, request.secret, request.payloadSize);
  return placement;
}

function choose({ registry, requested, assigned }: PlacementRequest): Placement {
  if (requested !== undefined) return { store: obliged(registry, requested), reason: 'policy' };
  if (assigned !== undefined) return { store: registry.named(assigned), reason: 'project' };
  return { store: registry.default, reason: 'default' };
}

/** The policy allowed the request on a condition that cannot be met: it is not allowed. */
function obliged(registry: StoreRegistry, name: string): SecretStore {
  const store = registry.all.find((one) => one.name === name);
  if (store === undefined)
    throw new Denied('', { detail: `the policy places the secret in unknown store "${name}"` });
  return store;
}
