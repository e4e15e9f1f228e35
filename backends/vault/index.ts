import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { ConfigurationError, Conflict, StoreRejected } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';
import type { Payload } from '../../src/model/payload.ts';
import { SECRET_TYPES, type SecretHeader } from '../../src/model/secret.ts';
import { requireCapable } from '../../src/stores/capabilities.ts';
import type { SecretStore, StoreCapabilities, StoreRef } from '../../src/stores/secret-store.ts';
import { createVaultClient } from './client.ts';
import { decodeEntry, encodeEntry, MAX_PAYLOAD_BYTES } from './entry.ts';
import { askServer, factsOf } from './health.ts';
import { createKv1 } from './kv1.ts';
import { createKv2 } from './kv2.ts';
import { createInventory } from './inventory.ts';
import type { Kv } from './kv.ts';
import { createMount, type Mount } from './mount.ts';
import type { VaultOptions } from './options.ts';
import { isRefOf, refOf } from './paths.ts';
import { authorise } from './requests.ts';
import { createSession } from './session.ts';
import { createTransport } from './transport.ts';

export { vaultOptions, type VaultOptions } from './options.ts';

const CAPABILITIES: StoreCapabilities = {
  minPayloadBytes: 0,
  maxPayloadBytes: MAX_PAYLOAD_BYTES,
  secretTypes: SECRET_TYPES,
  destroys: 'erase',
};

export interface VaultStoreDeps {
  readonly options: VaultOptions;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly clockMs: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * Payloads in the KV engine of a Vault or OpenBao server. Opens with a login and a look at the mount and our policy:
 * `ConfigurationError`, `StoreMisconfigured` or `StoreUnavailable` with what is wrong. Vault makes no keys for KV.
 */
export async function createVaultStore(deps: VaultStoreDeps): Promise<SecretStore> {
  const { options } = deps;
  requireReadable(options);
  const transport = createTransport(options);
  const client = createVaultClient(options, transport);
  try {
    await askServer(options, client);
    const session = await createSession({ ...deps, client });
    const send = authorise(client, session, options.namespace);
    const mount = createMount({ ...deps, send });
    await mount.confirm().catch(async (error: unknown) => {
      await session.close();
      throw error;
    });
    const kv = (options.kv_version === 1 ? createKv1 : createKv2)(options.name, options.mount, send);
    return {
      name: options.name,
      kind: 'vault',
      capabilities: CAPABILITIES,
      ...createEntries(deps, kv, mount),
      inventory: createInventory({
        prefix: options.prefix,
        kv,
        mount,
        mountConfirmedMs: MOUNT_CONFIRMED_MS,
      }),
      health: async () => {
        const server = await askServer(options, client);
        await session.verify();
        await mount.confirm();
        return factsOf(server, { options, session, transport });
      },
      close: async () => {
        await session.close();
        transport.close();
      },
    };
  } catch (error) {
    transport.close();
    throw error;
  }
}

/** PEM that Node does not take would fail every connection, with words that name no option. */
function requireReadable({ name, tls: { ca, cert, key, passphrase } }: VaultOptions): void {
  const readable = (option: string, read: () => unknown): void => {
    try {
      read();
    } catch (cause) {
      throw new ConfigurationError(`store "${name}": tls.${option} cannot be read`, cause);
    }
  };
  if (ca !== undefined) readable('ca', () => new X509Certificate(ca));
  if (cert !== undefined) readable('cert', () => new X509Certificate(cert));
  if (cert === undefined || key === undefined) return;
  readable('key, with its passphrase and beside tls.cert,', () =>
    createSecureContext({ cert, key, ...(passphrase === undefined ? {} : { passphrase }) }),
  );
}

type Entries = Pick<SecretStore, 'put' | 'locate' | 'get' | 'destroy'>;

/** The engine of a deleted entry may have been exchanged as well; a health probe looks this often anyway. */
const MOUNT_CONFIRMED_MS = 10_000;

function createEntries({ options, log }: VaultStoreDeps, kv: Kv, mount: Mount): Entries {
  const { name, prefix } = options;
  const get = async (secret: SecretHeader, ref: StoreRef): Promise<Payload | undefined> => {
    if (!isRefOf(ref, secret)) return undefined;
    const found = await kv.read(ref);
    if (found.is === 'entry') return decodeEntry(name, secret, found.fields);
    await mount.confirm();
    if (found.is === 'removed')
      log.error('an entry was deleted behind the broker', { store: name, secret: secret.id });
    return undefined;
  };
  /** A write was refused: fine if that is because it has been done before. */
  const requireSame = async (secret: SecretHeader, payload: Payload, refusal: Error): Promise<void> => {
    const found = await kv.read(refOf(prefix, secret));
    if (found.is === 'nothing') throw refusal;
    if (found.is !== 'entry')
      throw new StoreRejected(
        `store "${name}": the entry of secret ${secret.id} was deleted behind the broker: undelete it, or delete its metadata`,
      );
    const stored = decodeEntry(name, secret, found.fields);
    const same = stored.bytes().equals(payload.bytes());
    stored.wipe();
    if (!same) throw new Conflict('Secret already has data, cannot modify it.');
  };
  return {
    get,
    put: async (secret, payload) => {
      requireCapable({ name, capabilities: CAPABILITIES }, secret, payload.size);
      const ref = refOf(prefix, secret);
      const fields = encodeEntry(secret, payload);
      try {
        const refusal = await kv.write(ref, fields);
        if (refusal !== undefined) await requireSame(secret, payload, refusal);
        return ref;
      } finally {
        fields.fill(0);
      }
    },
    locate: async (secret) => {
      const ref = refOf(prefix, secret);
      if (await kv.has(ref)) return ref;
      await mount.confirm();
      return undefined;
    },
    destroy: async (secret, ref) => {
      if (!isRefOf(ref, secret)) return;
      await mount.confirm(MOUNT_CONFIRMED_MS);
      await kv.destroy(ref);
    },
  };
}
