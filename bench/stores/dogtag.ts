import {
  constants,
  createCipheriv,
  createDecipheriv,
  publicEncrypt,
  randomBytes,
  randomUUID,
  X509Certificate,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { createDogtagStore, dogtagOptions } from '../../backends/dogtag/index.ts';
import type { RawClient, StoreBench } from './bench.ts';

interface Place {
  readonly url: string;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** The server of `test/services/dogtag.sh`, by its `env`. A KRA keeps what was destroyed: the bench leaves keys there. */
export async function openDogtagBench(): Promise<StoreBench> {
  const place = findPlace();
  const options = dogtagOptions.parse({ kind: 'dogtag', name: 'bench', ...place });
  const store = await createDogtagStore({ options, clockMs: Date.now });
  const agent = new Agent({ ...place.tls, keepAlive: true, maxSockets: options.concurrency });
  const raw = await createRawClient(place.url, agent);
  return {
    kind: 'dogtag',
    store,
    raw,
    concurrency: options.concurrency,
    close: async () => {
      agent.destroy();
      await store.close();
    },
  };
}

function findPlace(): Place {
  const { POSTERN_TEST_DOGTAG: url, POSTERN_TEST_DOGTAG_PKI: folder } = process.env;
  if (url === undefined || folder === undefined) throw new Error('see test/services/dogtag.sh env');
  const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return { url, tls: { ca: pem('ca.crt'), cert: pem('agent.crt'), key: pem('agent.key') } };
}

interface Answer {
  readonly json: Readonly<Record<string, unknown>>;
  readonly cookie: string;
}

/** One archival, one retrieval, in one session; it neither looks for others of its name nor at whose key it reads. */
async function createRawClient(url: string, agent: Agent): Promise<RawClient> {
  const { cookie } = await send(url, agent, '/kra/rest/account/login');
  const { json } = await send(url, agent, '/kra/rest/config/cert/transport');
  const transport = new X509Certificate((json['Encoded'] as string).replaceAll('\r', '')).publicKey;
  const wrap = (key: Buffer): string =>
    publicEncrypt({ key: transport, padding: constants.RSA_PKCS1_PADDING }, key).toString('base64');
  const ask = (path: string, name: string, attributes: Readonly<Record<string, string>>): Promise<Answer> =>
    send(url, agent, `/kra/rest/agent/${path}`, cookie, {
      ClassName: `com.netscape.certsrv.key.${name}`,
      Attributes: { Attribute: Object.entries(attributes).map(([key, value]) => ({ name: key, value })) },
    });
  const OID = '{2 16 840 1 101 3 4 1 2}';
  return {
    name: 'node:https, one request each',
    put: async (payload) => {
      const [key, iv] = [randomBytes(16), randomBytes(16)];
      const cipher = createCipheriv('aes-128-cbc', key, iv);
      const answer = await ask('keyrequests', 'KeyArchivalRequest', {
        clientKeyID: `bench-raw:${randomUUID()}`,
        dataType: 'passPhrase',
        algorithmOID: OID,
        symmetricAlgorithmParams: iv.toString('base64'),
        transWrappedSessionKey: wrap(key),
        wrappedPrivateData: Buffer.concat([cipher.update(payload), cipher.final()]).toString('base64'),
      });
      return (answer.json['RequestInfo'] as { keyURL: string }).keyURL.split('/').at(-1);
    },
    get: async (ref) => {
      const key = randomBytes(16);
      const { json: found } = await ask('keys/retrieve', 'KeyRecoveryRequest', {
        keyId: String(ref),
        transWrappedSessionKey: wrap(key),
        payloadEncryptionOID: OID,
        payloadWrappingName: 'AES/CBC/PKCS5Padding',
      });
      const iv = Buffer.from(found['nonceData'] as string, 'base64');
      const decipher = createDecipheriv('aes-128-cbc', key, iv);
      const sealed = Buffer.from(found['wrappedPrivateData'] as string, 'base64');
      return Buffer.concat([decipher.update(sealed), decipher.final()]);
    },
  };
}

function send(url: string, agent: Agent, path: string, cookie = '', body?: object): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    Accept: 'application/json',
    Cookie: cookie,
    ...(text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': text.length }),
  };
  return new Promise((resolve, reject) => {
    const method = text === undefined ? 'GET' : 'POST';
    const outgoing = request(new URL(path, url), { agent, method, headers }, (incoming) => {
      let answer = '';
      incoming.on('data', (part: Buffer) => (answer += part.toString()));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const [set = ''] = incoming.headers['set-cookie'] ?? [];
        resolve({ json: JSON.parse(answer) as Answer['json'], cookie: set.split(';')[0] ?? '' });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}
