import { BrokenLink } from './link-failure.ts';
import type { Link, Links } from './links.ts';
import type { KmipOptions } from './options.ts';
import { createPool, type Lease, type Pool } from './pool.ts';
import { isOfVersion } from './profile.ts';
import { refusedFor } from './refusal.ts';

/** The servers, as one. */
export interface KmipClient {
  /**
   * Work that may be repeated from its beginning: it is, once and on another connection, where the first had died before
   * or the server no longer speaks our version.
   */
  run<T>(work: (link: Link) => Promise<T>): Promise<T>;
  /** Work that must not be repeated unseen. */
  runOnce<T>(work: (link: Link) => Promise<T>): Promise<T>;
  counts(): { readonly open: number; readonly idle: number };
  close(): void;
}

export function createKmipClient(options: KmipOptions, links: Links): KmipClient {
  const { pool: size, timeouts, name } = options;
  const pool = createPool<Link>({
    open: () => links.open(),
    min: size.min,
    max: size.max,
    idleMs: size.idle * 1_000,
    waitMs: (timeouts.connect + timeouts.request) * 1_000,
    place: `the KMIP server of store "${name}"`,
  });
  return {
    run: (work) => runTwice(pool, links, work),
    runOnce: (work) => pool.use(({ link }) => work(link)),
    counts: () => pool.counts(),
    close: () => pool.close(),
  };
}

async function runTwice<T>(pool: Pool<Link>, links: Links, work: (link: Link) => Promise<T>): Promise<T> {
  let lease: Lease<Link> | undefined;
  const attempt = (one: Lease<Link>): Promise<T> => {
    lease = one;
    return work(one.link);
  };
  try {
    return await pool.use(attempt);
  } catch (error) {
    if (lease?.isReused !== true || !isStale(error)) throw error;
    lease.link.close();
    links.forget();
    pool.dropIdle();
    return pool.use(attempt);
  }
}

/** A connection that had died, or a server that became another one: what was sent had no effect. */
function isStale(error: unknown): boolean {
  if (error instanceof BrokenLink) return error.wasSilent;
  return isOfVersion(refusedFor(error));
}
