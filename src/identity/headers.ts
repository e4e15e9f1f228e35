import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { BadRequest, ConfigurationError } from '../errors.ts';
import type { Principal } from '../model/principal.ts';
import type { Credentials, IdentityProvider } from './provider.ts';

export const headersOptions = z.strictObject({
  kind: z.literal('headers'),
  name: z.string().min(1).default('headers'),
  /** Roles of a request that sends no `X-Roles` at all, as in the original. */
  default_roles: z.array(z.string().min(1)).default(['admin']),
  /** Never null: an absent user must not equal the absent creator of somebody's secret. */
  default_user_id: z.string().min(1).default('anonymous'),
});

export type HeadersOptions = z.output<typeof headersOptions>;

/** The original's pipeline without authentication: whoever can reach it is whoever they say. For development only. */
export function createHeadersProvider(name: string, options: HeadersOptions): IdentityProvider {
  return {
    name,
    challenge: undefined,
    identify: async ({ headers }) => ({ principal: principalOf(name, options, headers), service: null }),
    close: async () => {},
  };
}

/** Anyone who can connect may claim to be anyone: such a listener must not leave the machine. */
export function assertLoopback(host: string): void {
  if (host === 'localhost' || isLoopbackAddress(host)) return;
  throw new ConfigurationError(
    `identity kind "headers" believes every caller: bind listen.host to 127.0.0.1, ::1 or localhost, not "${host}"`,
  );
}

function isLoopbackAddress(host: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

type Headers = Credentials['headers'];

function principalOf(issuer: string, options: HeadersOptions, headers: Headers): Principal {
  const domainId = sent(headers, 'x-domain-id');
  return {
    kind: 'headers',
    issuer,
    user: {
      id: sent(headers, 'x-user-id') ?? options.default_user_id,
      name: null,
      domain: { id: sent(headers, 'x-user-domain-id') ?? null, name: null },
    },
    project: {
      id: projectIn(headers),
      name: null,
      domain: { id: sent(headers, 'x-project-domain-id') ?? null, name: null },
      tags: [],
    },
    domain: domainId === undefined ? null : { id: domainId, name: null },
    scope: sent(headers, 'openstack-system-scope') === undefined ? 'project' : 'system',
    roles: rolesIn(headers, options.default_roles),
    groups: [],
    methods: [],
    token: null,
    applicationCredential: null,
    trust: null,
  };
}

function projectIn(headers: Headers): string {
  const id = sent(headers, 'x-project-id');
  if (id === undefined) throw new BadRequest('Missing X-Project-Id');
  return id;
}

/** A header that was sent empty means "no roles": only one that was not sent falls back to the default. */
function rolesIn(headers: Headers, defaults: readonly string[]): readonly string[] {
  const names = headers['x-roles']?.split(',') ?? defaults;
  const roles = names.map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
  return [...new Set(roles)].sort();
}

/** The trimmed value; an empty one counts as not sent. */
function sent(headers: Headers, name: string): string | undefined {
  const value = headers[name]?.trim();
  return value === '' ? undefined : value;
}
