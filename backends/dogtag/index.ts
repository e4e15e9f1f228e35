import type { X509Certificate } from 'node:crypto';
import { SECRET_TYPES } from '../../src/model/secret.ts';
import { type SecretStore, type StoreCapabilities, type StoreFacts } from '../../src/stores/secret-store.ts';
import { claimKey } from './claims.ts';
import { createGenerator, isSuch } from './generator.ts';
import type { KeyId } from './key-record.ts';
import { createKra, type Kra } from './kra.ts';
import { readCredentials, type DogtagOptions } from './options.ts';
import { clientKeyIdOf, createPayloads } from './payloads.ts';
import { readProduct, type Product } from './product.ts';
import { createRest, type Rest } from './rest.ts';
import { createSession, type Session } from './session.ts';
import { createTransport, type Transport } from './transport.ts';
import { createTurns } from './turns.ts';

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
}

/**
 * Payloads as keys of a Dogtag KRA. Errors: `ConfigurationError` for credentials that cannot work, `StoreUnavailable` and
 * `StoreMisconfigured` when the server does not answer, or not to us.
 */
export async function createDogtagStore({ options }: DogtagDeps): Promise<SecretStore> {
  const certificate = readCredentials(options.name, options.tls);
  const rest = createRest(options);
  try {
    const opened = await open(options, certificate, rest);
    await checkUp(opened);
    return createStore(options, opened);
  } catch (error) {
    rest.close();
    throw error;
  }
}

interface Opened {
  readonly rest: Rest;
  readonly api: Product['api'];
  readonly certificate: X509Certificate;
  readonly session: Session;
  readonly transport: Transport;
  readonly kra: Kra;
}

async function open(options: DogtagOptions, certificate: X509Certificate, rest: Rest): Promise<Opened> {
  const { api } = await readProduct(rest, options.api);
  const subsystem = `/kra/${api}`;
  const session = createSession(rest, subsystem);
  const transport = createTransport(rest, subsystem, options.session_key_wrap);
  const generateWithin = options.timeouts.generate;
  const kra = createKra({ rest, session, transport, subsystem, generateWithin });
  return { rest, api, certificate, session, transport, kra };
}

/** Whether the server answers, takes us for an agent, and has a transport key; and what is good to know of it. */
async function checkUp({ rest, api, certificate, session, transport }: Opened): Promise<StoreFacts> {
  const { version } = await readProduct(rest, api);
  const { id } = await session.login();
  await transport.current();
  return {
    version,
    api,
    agent: id,
    certificate_days_left: daysUntil(new Date(certificate.validTo)),
    transport_certificate_days_left: daysUntil(transport.validTo() ?? new Date()),
  };
}

const DAY_MS = 86_400_000;
const daysUntil = (date: Date): number => Math.floor((date.getTime() - Date.now()) / DAY_MS);

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
