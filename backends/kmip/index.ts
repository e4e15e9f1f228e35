import { SECRET_TYPES } from '../../src/model/secret.ts';
import { requireCapable } from '../../src/stores/capabilities.ts';
import type {
  KeyGenerator,
  SecretStore,
  StoreCapabilities,
  StoreFacts,
} from '../../src/stores/secret-store.ts';
import type { Inventory } from '../../src/stores/inventory.ts';
import { createTurns } from '../../src/stores/turns.ts';
import { readQuery } from '../../src/ttlv/answers.ts';
import { queryRequest } from '../../src/ttlv/requests.ts';
import { createKmipClient, type KmipClient } from './client.ts';
import { destroyAll } from './destroy.ts';
import { fetchPayload, locateAll } from './find.ts';
import { createTlsIdentity, daysUntil, type TlsIdentity } from './identity.ts';
import { createGenerator } from './generator.ts';
import { createInventory } from './inventory.ts';
import { createLinks } from './links.ts';
import { placeOf, refOf, type Naming } from './names.ts';
import type { KmipOptions } from './options.ts';
import { does } from './profile.ts';
import { putPayload } from './put.ts';

export { kmipOptions, type KmipOptions } from './options.ts';

/** What is around a payload in a message: header, name, attributes. Four times what was seen. */
const ENVELOPE_BYTES = 4_096;
/** A probe that takes longer says enough. */
const HEALTH_MS = 2_000;

export interface KmipDeps {
  readonly options: KmipOptions;
  /** Milliseconds since 1970. */
  readonly clockMs: () => number;
}

/**
 * Payloads as objects of a KMIP server (OASIS KMIP 1.0 to 2.1, TTLV over mutual TLS). Throws `ConfigurationError` for
 * certificates that cannot be used, `StoreMisconfigured` for a server that refuses us or cannot be a store, and
 * `StoreUnavailable` for one that does not answer.
 */
export async function createKmipStore({ options, clockMs }: KmipDeps): Promise<SecretStore> {
  const { name } = options;
  const identity = createTlsIdentity(name, options.tls, clockMs);
  const client = createKmipClient(options, createLinks(options, identity, clockMs));
  const capabilities: StoreCapabilities = {
    minPayloadBytes: 0,
    maxPayloadBytes: options.max_message - ENVELOPE_BYTES,
    secretTypes: SECRET_TYPES,
    destroys: 'erase',
  };
  const health = (): Promise<StoreFacts> => probe(client, identity, clockMs);
  const { generator, inventory } = await opened(client, options, { health, clockMs });
  return {
    name,
    kind: 'kmip',
    capabilities,
    ...createObjects(client, { name, capabilities }, options),
    health,
    close: async () => client.close(),
    ...(generator === undefined ? {} : { generator }),
    ...(inventory === undefined ? {} : { inventory }),
  };
}

interface Powers {
  readonly generator: KeyGenerator | undefined;
  readonly inventory: Inventory | undefined;
}

/** Leaves no connection behind when the server cannot be used. */
async function opened(
  client: KmipClient,
  options: KmipOptions,
  { health, clockMs }: { readonly health: () => Promise<StoreFacts>; readonly clockMs: () => number },
): Promise<Powers> {
  try {
    await health();
    const naming = namingOf(options);
    // Without names nothing tells whose an object is.
    const tellsNames = await client.run((link) => Promise.resolve(does(link.profile, 'Get Attributes')));
    const inventory = tellsNames ? createInventory({ client, naming, clockMs }) : undefined;
    if (!options.generate) return { generator: undefined, inventory };
    const generator = await createGenerator(client, {
      usage: options.usage,
      activate: options.activate,
      naming,
      generateMs: options.timeouts.generate * 1_000,
    });
    return { generator, inventory };
  } catch (error) {
    client.close();
    throw error;
  }
}

const namingOf = ({ namespace, name }: KmipOptions): Naming => ({ namespace, store: name });

async function probe(client: KmipClient, identity: TlsIdentity, clockMs: () => number): Promise<StoreFacts> {
  return client.run(async (link) => {
    const { vendor } = await link.ask(
      queryRequest(['Operations', 'Server Information']),
      readQuery,
      HEALTH_MS,
    );
    const { open, idle } = client.counts();
    return {
      ...(vendor === undefined ? {} : { vendor }),
      server: link.address,
      version: link.profile.version,
      certificate_days: daysUntil(identity.untilMs, clockMs),
      ...(link.peerUntilMs === undefined
        ? {}
        : { server_certificate_days: daysUntil(link.peerUntilMs, clockMs) }),
      connections: open,
      connections_idle: idle,
    };
  });
}

type Objects = Pick<SecretStore, 'put' | 'locate' | 'get' | 'destroy'>;

function createObjects(
  client: KmipClient,
  store: Pick<SecretStore, 'name' | 'capabilities'>,
  options: KmipOptions,
): Objects {
  const naming = namingOf(options);
  // Two puts of one secret at once would both look before either has written.
  const turns = createTurns();
  return {
    put: async (secret, payload) => {
      requireCapable(store, secret, payload.size);
      return turns(secret.id, () =>
        client.run((link) => putPayload(link, { ...options, naming, secret, payload })),
      );
    },
    locate: (secret) =>
      client.run(async (link) => {
        const [oldest] = await locateAll(link, naming, secret);
        return oldest && refOf(secret, oldest);
      }),
    get: async (secret, ref) => {
      const place = placeOf(secret, ref);
      return place && client.run((link) => fetchPayload(link, secret, place));
    },
    destroy: async (secret, ref) => {
      const place = placeOf(secret, ref);
      if (place !== undefined) await client.run((link) => destroyAll(link, naming, secret, place));
    },
  };
}
