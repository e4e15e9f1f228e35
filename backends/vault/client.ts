import nodeVault from 'node-vault';
import { StoreMisconfigured, StoreUnavailable } from '../../src/errors.ts';
import type { VaultOptions } from './options.ts';
import type { Answer, Transport, WireRequest } from './transport.ts';

export interface VaultRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/v1/`, each segment already fit for a URL. */
  readonly path: string;
  readonly token?: string;
  /** JSON. The caller wipes it. */
  readonly body?: Buffer;
  readonly namespace?: string | undefined;
}

export interface VaultClient {
  /** One request, and where a standby asks for it a second to another node of the cluster. Whatever the status. */
  call(request: VaultRequest): Promise<Answer>;
}

type ClientOptions = Pick<VaultOptions, 'name' | 'url' | 'nodes'>;

/** A standby names the active node; that one may have handed over in the meantime. More is a loop. */
const MAX_REDIRECTS = 2;
const REDIRECTS: ReadonlySet<number> = new Set([307, 308]);

/** Requests by node-vault over a transport of ours; tokens and namespaces go with each request, never into the library. */
export function createVaultClient(options: ClientOptions, transport: Transport): VaultClient {
  const origins = new Set([options.url, ...options.nodes]);
  const libraries = new Map([...origins].map((origin) => [origin, createLibrary(origin, transport)]));
  return {
    call: async (request) => {
      let origin = options.url;
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
        const answer = await send(libraries.get(origin) as Library, request);
        if (!REDIRECTS.has(answer.status)) return answer;
        origin = redirected(options.name, origins, answer);
      }
      throw new StoreUnavailable(
        `store "${options.name}": its nodes send us in circles: is one of them active?`,
      );
    },
  };
}

/**
 * The body and the token go where we are sent (RFC 9110 section 15.4.8), and a standby is not asked to prove whom it
 * names: only nodes that the configuration names get them.
 */
function redirected(store: string, origins: ReadonlySet<string>, { headers }: Answer): string {
  const { location = '' } = headers;
  const origin = URL.canParse(location) ? new URL(location).origin : '';
  if (origins.has(origin)) return origin;
  throw new StoreMisconfigured(
    `store "${store}": a standby sends us to ${origin || 'nowhere'}, which is neither its "url" nor among its "nodes"`,
  );
}

type Library = ReturnType<typeof nodeVault>;

/**
 * What the library would take from the environment (VAULT_TOKEN, VAULT_NAMESPACE, VAULT_PREFIX) is blanked, and what it
 * would print (DEBUG=node-vault) goes nowhere. Its own HTTP client is replaced by its own means: it follows redirects to
 * anyone, honours VAULT_SKIP_VERIFY and loses headers.
 */
function createLibrary(origin: string, transport: Transport): Library {
  const library = nodeVault({
    endpoint: origin,
    debug: () => undefined,
    commands: {},
    'request-promise': { defaults: () => (request: WireRequest) => transport.send(request) },
  });
  Object.assign(library, { token: '', namespace: '', pathPrefix: '' });
  library.handleVaultResponse = (answer: unknown) => Promise.resolve(answer);
  return library;
}

async function send(
  library: Library,
  { method, path, token, namespace, body }: VaultRequest,
): Promise<Answer> {
  const headers = {
    // Proxies of Vault's own kind let nothing through without it: a page in a browser cannot send it.
    'X-Vault-Request': 'true',
    ...(token === undefined ? {} : { 'X-Vault-Token': token }),
    ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
  };
  const request = { method, path: `/${path}`, headers, ...(body === undefined ? {} : { body }) };
  return (await library.request(request)) as Answer;
}
