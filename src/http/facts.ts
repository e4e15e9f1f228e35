import type { Context } from 'koa';
import type { ProjectId } from '../model/ids.ts';
import type { EnvironmentFacts, RequestFacts, StoreFacts } from '../policy/input.ts';
import type { StoreRegistry } from '../stores/registry.ts';
import { presentMicroversion, type Microversion } from './microversion.ts';
import type { Route } from './route.ts';
import type { Services } from './services.ts';

const MAX_USER_AGENT = 256;

export function requestFacts(
  ctx: Context,
  requestId: string,
  route: Route,
  microversion: Microversion,
): RequestFacts {
  return {
    id: requestId,
    method: ctx.method,
    path: ctx.path,
    route: route.path,
    microversion: presentMicroversion(microversion),
    sourceIp: ctx.req.socket.remoteAddress ?? '',
    userAgent: ctx.req.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null,
  };
}

/** The stores do not change while the process lives: their facts are worked out once per registry. */
const known = new WeakMap<StoreRegistry, EnvironmentFacts['stores']>();

export async function environmentFacts(services: Services, project: ProjectId): Promise<EnvironmentFacts> {
  const preferredStore = (await services.projectStores.find(project)) ?? null;
  let stores = known.get(services.stores);
  if (stores === undefined) known.set(services.stores, (stores = storeFacts(services)));
  return { stores, preferredStore, mode: services.policy.mode };
}

function storeFacts({
  stores,
  storeClasses,
}: Pick<Services, 'stores' | 'storeClasses'>): Readonly<Record<string, StoreFacts>> {
  return Object.fromEntries(
    stores.all.map((store) => [
      store.name,
      {
        kind: store.kind,
        classes: storeClasses.get(store.name) ?? [],
        acceptsNew: true,
        healthy: true,
        default: store.name === stores.default.name,
      },
    ]),
  );
}
