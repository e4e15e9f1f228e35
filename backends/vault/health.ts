import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { StoreMisconfigured } from '../../src/errors.ts';
import type { StoreFacts } from '../../src/stores/secret-store.ts';
import { expected, statusFailure } from './answers.ts';
import type { VaultClient } from './client.ts';
import type { VaultOptions } from './options.ts';
import type { Session } from './session.ts';
import type { Transport } from './transport.ts';

const state = z.object({
  version: z.string(),
  standby: z.boolean(),
  cluster_name: z.string().default(''),
});
export type ServerState = z.output<typeof state>;

/** A node that stands by passes requests on, or sends us to the active one. */
const SERVES: ReadonlySet<number> = new Set([200, 429, 473]);

type ServerOptions = Pick<VaultOptions, 'name' | 'namespace'>;

/** Of the node that answers; needs no token. Sealed, not initialised or a secondary is `StoreUnavailable`. */
export async function askServer(
  { name, namespace }: ServerOptions,
  client: VaultClient,
): Promise<ServerState> {
  // Only the root namespace has this path.
  const answer = await client.call({ method: 'GET', path: 'sys/health' });
  if (!SERVES.has(answer.status)) throw statusFailure(name, 'a question about its health', answer);
  const server = expected(state, answer, name, 'a question about its health');
  if (namespace !== undefined && ignoresNamespaces(server.version)) {
    throw new StoreMisconfigured(
      `store "${name}": Vault ${server.version} has no namespaces and would not heed "${namespace}": leave it out`,
    );
  }
  return server;
}

/** The community edition takes the header and looks into the one namespace it has. OpenBao counts from 2. */
const ignoresNamespaces = (version: string): boolean => version.startsWith('1.') && !version.includes('+');

const DAY_MS = 86_400_000;

/** What an operator wants to see coming: ends of tokens and certificates, and who it is that answers. */
export function factsOf(
  { version, standby, cluster_name }: ServerState,
  { options, session, transport }: FactSources,
): StoreFacts {
  const { secondsLeft, renewable } = session.facts();
  const ends = {
    server_certificate_days: transport.serverCertificateEnds(),
    client_certificate_days:
      options.tls.cert === undefined ? undefined : new Date(new X509Certificate(options.tls.cert).validTo),
  };
  const days = Object.entries(ends).flatMap(([fact, end]) =>
    end === undefined ? [] : [[fact, Math.floor((end.getTime() - Date.now()) / DAY_MS)] as const],
  );
  return {
    version,
    ...(cluster_name === '' ? {} : { cluster: cluster_name }),
    standby,
    sealed: false,
    kv_version: options.kv_version,
    token_renewable: renewable,
    ...(secondsLeft === undefined ? {} : { token_seconds: secondsLeft }),
    ...Object.fromEntries(days),
  };
}

export interface FactSources {
  readonly options: Pick<VaultOptions, 'tls' | 'kv_version'>;
  readonly session: Session;
  readonly transport: Transport;
}
