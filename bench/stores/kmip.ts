import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { createKmipStore, kmipOptions } from '../../backends/kmip/index.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { SecretStore, StoreRef } from '../../src/stores/secret-store.ts';
import { readGet, readIdentifier, readLocate } from '../../src/ttlv/answers.ts';
import { objectName, usageMask } from '../../src/ttlv/attributes.ts';
import { readResponse, requestMessage, type Request } from '../../src/ttlv/messages.ts';
import { destroyRequest, getRequest, locateRequest, registerRequest } from '../../src/ttlv/requests.ts';
import { decode, encode, messageLength, type Structure } from '../../src/ttlv/ttlv.ts';
import type { StoreBench } from './bench.ts';

/** The server at hand has one lock around everything. */
const CONCURRENCY = 4;
const VERSION = '2.0';
const HEADER_BYTES = 8;

interface Access {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** On the server that `POSTERN_TEST_KMIP` (test/services/pykmip.sh env) tells of. */
export async function openKmipBench(): Promise<StoreBench> {
  const access = findServer();
  const options = kmipOptions.parse({
    kind: 'kmip',
    name: 'bench',
    ...access,
    namespace: `bench-${randomUUID().slice(0, 8)}`,
    generate: false,
    concurrency: CONCURRENCY,
    pool: { max: CONCURRENCY },
  });
  const store = await createKmipStore({ options, clockMs: Date.now });
  const raw = await openRaw(access);
  return {
    kind: 'kmip',
    store: remembering(store),
    raw,
    concurrency: CONCURRENCY,
    close: () => raw.close(),
  };
}

function findServer(): Access {
  const { POSTERN_TEST_KMIP: address, POSTERN_TEST_KMIP_TLS: folder } = process.env;
  if (address === undefined || folder === undefined)
    throw new Error('POSTERN_TEST_KMIP is not set (test/services/pykmip.sh env)');
  const [host = '', port = ''] = address.split(':');
  const pem = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return {
    host,
    port: Number(port),
    tls: { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') },
  };
}

interface Raw extends Omit<StoreBench['raw'], 'put'> {
  put(payload: Buffer): Promise<string>;
  close(): Promise<void>;
}

/**
 * Locate and Register, and Get, on connections that are always open. The look before is the least a client must do that may
 * not leave two objects of one name, and on this server it is most of the time: it reads every object there is.
 */
async function openRaw(access: Access): Promise<Raw> {
  const wires: Wire[] = [];
  for (let n = 0; n < CONCURRENCY; n += 1) wires.push(await openWire(access));
  const uids: string[] = [];
  const ask = async <T>(request: Request, read: (payload: Structure) => T): Promise<T> => {
    const wire = wires.pop();
    if (wire === undefined) throw new Error('more callers than connections');
    try {
      return await wire.ask(request, read);
    } finally {
      wires.push(wire);
    }
  };
  return {
    name: 'bare Locate and Register, Get',
    put: async (material) => {
      const block = { format: 'Raw', material, algorithm: 'AES', length: material.length * 8 } as const;
      const name = objectName(randomUUID());
      const { ids } = await ask(locateRequest(VERSION, { attributes: [name] }), readLocate);
      if (ids.length > 0) throw new Error('a name that is not new');
      const attributes = [name, usageMask(['Encrypt', 'Decrypt'])];
      const object = { type: 'Symmetric Key', block } as const;
      const uid = await ask(registerRequest(VERSION, { object, attributes }), readIdentifier);
      uids.push(uid);
      return uid;
    },
    get: (uid) =>
      ask(getRequest(String(uid)), (payload) => {
        const { object } = readGet(payload);
        if (object.type !== 'Symmetric Key' || !Buffer.isBuffer(object.block.material))
          throw new Error('not what was registered');
        return object.block.material;
      }),
    close: async () => {
      for (const uid of uids) await ask(destroyRequest(uid), readIdentifier);
      for (const wire of wires) wire.close();
    },
  };
}

interface Wire {
  ask<T>(request: Request, read: (payload: Structure) => T): Promise<T>;
  close(): void;
}

function openWire({ host, port, tls }: Access): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...tls });
    socket.setNoDelay(true).once('error', reject);
    socket.once('secureConnect', () => resolve(createWire(socket)));
  });
}

function createWire(socket: TLSSocket): Wire {
  const exchange = (message: Buffer): Promise<Buffer> =>
    new Promise((resolve) => {
      let received = Buffer.alloc(0);
      const take = (chunk: Buffer): void => {
        received = Buffer.concat([received, chunk]);
        if (received.length < HEADER_BYTES || received.length < messageLength(received)) return;
        socket.off('data', take);
        resolve(received);
      };
      socket.on('data', take);
      socket.write(message);
    });
  return {
    ask: async (request, read) => {
      const answer = await exchange(encode(requestMessage({ version: VERSION }, request)));
      const { status, payload } = readResponse(decode(answer), {
        version: VERSION,
        operation: request.operation,
      });
      if (status !== 'Success') throw new Error(status);
      return read(payload);
    },
    close: () => socket.destroy(),
  };
}

/** The same store; closing it destroys what was put through it. */
function remembering(store: SecretStore): SecretStore {
  const put: (readonly [SecretHeader, StoreRef])[] = [];
  return {
    ...store,
    put: async (secret, payload) => {
      const ref = await store.put(secret, payload);
      put.push([secret, ref]);
      return ref;
    },
    close: async () => {
      for (const [secret, ref] of put) await store.destroy(secret, ref);
      await store.close();
    },
  };
}
