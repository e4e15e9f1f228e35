import type { X509Certificate } from 'node:crypto';
import { SECRET_TYPES } from '../../src/model/secret.ts';
import { type SecretStore, type StoreCapabilities, type StoreFacts } from '../../src/stores/secret-store.ts';
import { createTurns } from '../../src/stores/turns.ts';
import { claimKey } from './claims.ts';
import { createGenerator, isSuch } from './generator.ts';
import { createInventory } from './inventory.ts';
import type { KeyId } from './key-record.ts';
import { createKra, type Kra } from './kra.ts';
import { readCredentials, type DogtagOptions } from './options.ts';
import { clientKeyIdOf, createPayloads } from './payloads.ts';
import { readProduct, type Product } from './product.ts';
import { createRest, type Rest } from './rest.ts';
import { createSession, type Session } from './session.ts';
import { createTransport, type Transport } from './transport.ts';

export { dogtagOptions, type DogtagOptions } from './options.ts';

const CAPABILITIES: StoreCapabilities = {
  minPayloadBytes: 0,
  // Tried up to twice as much; base64 in JSON, in the directory once more, and a KRA is not made for files.
  maxPayloadBytes: 64 * 1024,
  secretTypes: SECRET_TYPES,
  // A KRA has no way to delete a key.
  destroys: 'deactivate',
};

export interface DogtagDeps {
  readonly options: DogtagOptions;
  /** Milliseconds since 1970, for what certificates say of their time. */
  readonly clockMs: () => number;
}

/**
 * Payloads as keys of a Dogtag KRA. Errors: `ConfigurationError` for credentials that cannot work, `StoreUnavailable` and
 * `StoreMisconfigured` when the server does not answer, or not to us.
 */
export async function createDogtagStore({ options, clockMs }: DogtagDeps): Promise<SecretStore> {
  const certificate = readCredentials(options.name, options.tls, clockMs());
  const rest = createRest(options);
  try {
    const opened = await open(options, { certificate, rest, clockMs });
    await checkUp(opened);
    return createStore(options, opened);
  } catch (error) {
    rest.close();
    throw error;
  }
}

interface Ground {
  readonly rest: Rest;
  readonly certificate: X509Certificate;
  readonly clockMs: () => number;
}

interface Opened extends Ground {
  readonly api: Product['api'];
  readonly session: Session;
  readonly transport: Transport;
  readonly kra: Kra;
}

async function open(options: DogtagOptions, ground: Ground): Promise<Opened> {
  const { rest, clockMs } = ground;
  const { api } = await readProduct(rest, options.api);
  const subsystem = `/kra/${api}`;
  const session = createSession(rest, subsystem);
  const transport = createTransport({ rest, subsystem, wrap: options.session_key_wrap, clockMs });
  const generateWithin = options.timeouts.generate;
  const kra = createKra({ rest, session, transport, subsystem, generateWithin });
  return { ...ground, api, session, transport, kra };
}

/** Whether the server answers, takes us for an agent, and has a transport key; and what is good to know of it. */
async function checkUp(opened: Opened): Promise<StoreFacts> {
  const { rest, api, certificate, session, transport, kra, clockMs } = opened;
  const { version } = await readProduct(rest, api);
  const { id } = await session.login();
  // Any user may log in. Only agents may ask this.
  await kra.listActive('postern');
  return {
    version,
    api,
    agent: id,
    certificate_days_left: daysUntil(Date.parse(certificate.validTo), clockMs()),
    transport_certificate_days_left: daysUntil((await transport.current()).endsMs, clockMs()),
  };
}

const DAY_MS = 86_400_000;
const daysUntil = (endMs: number, nowMs: number): number => Math.floor((endMs - nowMs) / DAY_MS);

function createStore(options: DogtagOptions, opened: Opened): SecretStore {
  const { name, namespace } = options;
  const { kra, session, rest } = opened;
  const turns = createTurns();
  const payloads = createPayloads({ name, namespace, capabilities: CAPABILITIES, kra, turns });
  return {
    name,
    kind: 'dogtag',
    capabilities: CAPABILITIES,
    ...payloads,
    inventory: createInventory({ name, namespace, kra, turns }),
    health: () => checkUp(opened),
    close: async () => {
      await session.logout();
      rest.close();
    },
    generator: createGenerator({
      kra,
      put: payloads.put,
      claim: (secret, request) => {
        const clientKeyId = clientKeyIdOf({ name, namespace }, secret);
        const generate = (): Promise<KeyId | undefined> => kra.generate(clientKeyId, request);
        return turns(clientKeyId, () => claimKey(kra, clientKeyId, generate, isSuch(request)));
      },
    }),
  };
}
