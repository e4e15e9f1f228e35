import { Denied } from '../errors.ts';
import type { PlacedBy } from '../model/placement.ts';
import type { SecretHeader } from '../model/secret.ts';
import { requireCapable } from './capabilities.ts';
import type { StoreRegistry } from './registry.ts';
import type { SecretStore } from './secret-store.ts';

export interface PlacementRequest {
  readonly registry: StoreRegistry;
  /** The policy's `store` obligation: the one store, or those it allows, by preference. */
  readonly requested: string | readonly string[] | undefined;
  /** The store assigned to the project. */
  readonly assigned: string | undefined;
  readonly secret: SecretHeader;
  /** In bytes. */
  readonly payloadSize: number;
}

export interface Placement {
  readonly store: SecretStore;
  readonly placedBy: PlacedBy;
}

/**
 * Where a new payload goes. One store is chosen and then must do: another one, because this one is down or cannot hold
 * the secret, would put the payload where nobody said it may be. Throws `Denied` for a demand of the policy that cannot
 * be met, `StoreUnavailable` for an assigned store that is not configured, `NotSupported` for what the store cannot hold.
 */
export function placeSecret(request: PlacementRequest): Placement {
  const placement = choose(request);
  requireCapable(placement.store, request.secret, request.payloadSize);
  return placement;
}

function choose({ registry, requested, assigned }: PlacementRequest): Placement {
  if (typeof requested === 'string') return { store: obliged(registry, requested), placedBy: 'policy' };
  if (requested !== undefined) return chooseAmong(registry, requested, assigned);
  if (assigned !== undefined) return { store: registry.named(assigned), placedBy: 'project' };
  return { store: registry.default, placedBy: 'default' };
}

/** The usual order, within what the policy allows; its own preference settles what is left open. */
function chooseAmong(
  registry: StoreRegistry,
  allowed: readonly string[],
  assigned: string | undefined,
): Placement {
  const stores = allowed.map((name) => obliged(registry, name));
  const own = stores.find(({ name }) => name === assigned);
  if (own !== undefined) return { store: own, placedBy: 'project' };
  if (stores.includes(registry.default)) return { store: registry.default, placedBy: 'default' };
  const [first] = stores;
  if (first === undefined) throw new Denied('', { detail: 'the policy allows the secret no store' });
  return { store: first, placedBy: 'policy' };
}

/** The policy allowed the request on a condition that cannot be met: it is not allowed. */
function obliged(registry: StoreRegistry, name: string): SecretStore {
  const store = registry.all.find((one) => one.name === name);
  if (store === undefined)
    throw new Denied('', { detail: `the policy places the secret in unknown store "${name}"` });
  return store;
}
