import type { Context } from 'koa';
import { StoreUnavailable } from '../errors.ts';
import { stateAfter, statusOf, type StoreState } from '../stores/store-status.ts';
import { isOutOfService } from './healthcheck.ts';
import { sendJson } from './reply.ts';
import type { Services } from './services.ts';

/** Who probes does so every few seconds: a database that says nothing for longer is away. */
const PATIENCE_MS = 2_000;

type Readiness = 'ready' | 'degraded' | 'unready';

/**
 * `/ready`, for whoever sends requests here: whether this process can do useful work now. One store that is down leaves
 * most of it: degraded, and still 200. States only, since anyone may ask: reasons are in the log and in `stores check`.
 */
export async function ready(services: Services, ctx: Context): Promise<void> {
  const disabled = await isOutOfService(services);
  const database = await stateOf(services.databaseHealth().then(() => 'ok' as const));
  const stores: Record<string, StoreState> = {};
  for (const store of services.stores.all) {
    stores[store.name] = await stateOf(statusOf(store).then(({ state }) => state));
  }
  const refusing = stores[services.stores.default.name] === 'misconfigured';
  const unready = disabled || database !== 'ok' || refusing;
  const allWell = Object.values(stores).every((state) => state === 'ok');
  const status: Readiness = unready ? 'unready' : allWell ? 'ready' : 'degraded';
  ctx.status = unready ? 503 : 200;
  sendJson(ctx, { status, database, stores });
}

/** Known stores answer at once; what is asked now may hang with the database. */
async function stateOf(asked: Promise<StoreState>): Promise<StoreState> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailable('no answer')), PATIENCE_MS);
  });
  try {
    return await Promise.race([asked, late]);
  } catch (error) {
    return stateAfter(error);
  } finally {
    clearTimeout(timer);
  }
}
