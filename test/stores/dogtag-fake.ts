import { constants, createCipheriv, createDecipheriv, privateDecrypt, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createDogtagStore, dogtagOptions } from '../../backends/dogtag/index.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { createCertificate, EC, LOOPBACK, RSA, type Certificate } from './dogtag-certificates.ts';

export interface FakeAnswer {
  readonly status: number;
  readonly json?: unknown;
  /** Instead of JSON, as Tomcat answers. */
  readonly html?: string;
  readonly cookie?: string;
}

/** `METHOD path?query`, and the cookie that came with it. */
export interface Seen {
  readonly line: string;
  readonly cookie: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

type Responder = (seen: Seen) => FakeAnswer | 'hang' | 'cut' | undefined;

/**
 * The far end of the wire, for what a real KRA cannot be made to say: a small KRA in memory that answers as Dogtag 10.10
 * was seen to, unless told otherwise.
 */
export interface FakeKra {
  readonly server: Server;
  readonly seen: readonly Seen[];
  /** Asked before each answer; what it does not answer is answered as usual. */
  respond(responder: Responder): void;
  useTransport(transport: Certificate): void;
  open(changes?: Readonly<Record<string, unknown>>, clockMs?: () => number): Promise<SecretStore>;
  close(): Promise<void>;
}

const HOST = createCertificate('fake', [...EC, ...LOOPBACK]);
export const TRANSPORT = createCertificate('transport', RSA(2048));
/** Any will do: the fake asks for none. */
const AGENT = createCertificate('agent', EC);

interface Key {
  readonly id: number;
  readonly clientKeyID: string;
  readonly bytes: Buffer;
  active: boolean;
}

export async function startFakeKra(): Promise<FakeKra> {
  const seen: Seen[] = [];
  const keys: Key[] = [];
  let transport = TRANSPORT;
  let responder: Responder = () => undefined;
  const server = createServer(HOST, (request, response) => {
    void readSeen(request).then((one) => {
      seen.push(one);
      const answer = responder(one) ?? answerTo(one, keys, transport);
      if (answer === 'cut') request.socket.destroy();
      else if (answer !== 'hang') reply(response, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tls = { ca: HOST.cert, ...AGENT };
  const opened: SecretStore[] = [];
  return {
    server,
    seen,
    respond: (next) => (responder = next),
    useTransport: (next) => (transport = next),
    open: async (changes = {}, clockMs = Date.now) => {
      const options = dogtagOptions.parse({ kind: 'dogtag', name: 'kra', url, tls, ...changes });
      const store = await createDogtagStore({ options, clockMs });
      opened.push(store);
      return store;
    },
    close: async () => {
      await Promise.all(opened.map((store) => store.close()));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readSeen(request: IncomingMessage): Promise<Seen> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const text = Buffer.concat(parts).toString();
  const list = text === '' ? [] : (JSON.parse(text) as Body).Attributes.Attribute;
  return {
    line: `${request.method ?? ''} ${request.url ?? ''}`,
    cookie: request.headers.cookie,
    attributes: Object.fromEntries(list.map(({ name, value }) => [name, value])),
  };
}

interface Body {
  readonly Attributes: { readonly Attribute: readonly { readonly name: string; readonly value: string }[] };
}

function reply(response: ServerResponse, { status, json, html, cookie }: FakeAnswer): void {
  if (cookie !== undefined) response.setHeader('Set-Cookie', `${cookie}; Path=/kra; Secure; HttpOnly`);
  response.writeHead(status, { 'Content-Type': json === undefined ? 'text/html' : 'application/json' });
  response.end(json === undefined ? (html ?? '') : JSON.stringify(json));
}

/** As Tomcat answers for itself. */
export const HTML = (status: number): FakeAnswer => ({ status, html: '<h1>HTTP Status</h1>' });

/** As Dogtag's own exceptions come. */
export const exception = (status: number, name: string): FakeAnswer => ({
  status,
  json: {
    Attributes: { Attribute: [] },
    ClassName: `com.netscape.certsrv.${name}`,
    Code: status,
    Message: 'no',
  },
});

function answerTo({ line, attributes }: Seen, keys: Key[], transport: Certificate): FakeAnswer {
  if (line === 'GET /pki/rest/info') return { status: 200, json: { Version: '10.10.2' } };
  if (line === 'GET /kra/rest/account/login')
    return { status: 200, json: { id: 'postern' }, cookie: 'JSESSIONID=1' };
  if (line === 'GET /kra/rest/config/cert/transport')
    return { status: 200, json: { Encoded: transport.cert.replaceAll('\n', '\r\n') } };
  if (line === 'POST /kra/rest/agent/keyrequests') return archive(attributes, keys, transport);
  if (line === 'POST /kra/rest/agent/keys/retrieve') return retrieve(attributes, keys, transport);
  const [, id] = /^(?:GET|POST) \/kra\/rest\/agent\/keys\/(\d+)/.exec(line) ?? [];
  if (id !== undefined)
    return one(
      line,
      keys.find((key) => key.id === Number(id)),
    );
  if (line.startsWith('GET /kra/rest/agent/keys?')) return list(line, keys);
  return HTML(404);
}

function archive(given: Seen['attributes'], keys: Key[], transport: Certificate): FakeAnswer {
  const { clientKeyID = '' } = given;
  if (keys.some((key) => key.active && key.clientKeyID === clientKeyID))
    return exception(400, 'base.BadRequestException');
  const sessionKey = unwrap(transport, given['transWrappedSessionKey']);
  if (sessionKey === undefined) return { status: 201, json: { RequestInfo: { keyURL: null } } };
  const iv = Buffer.from(given['symmetricAlgorithmParams'] ?? '', 'base64');
  const decipher = createDecipheriv('aes-128-cbc', sessionKey, iv);
  const sealed = Buffer.from(given['wrappedPrivateData'] ?? '', 'base64');
  const bytes = Buffer.concat([decipher.update(sealed), decipher.final()]);
  const key = { id: keys.length + 1, clientKeyID, bytes, active: true };
  keys.push(key);
  return { status: 201, json: { RequestInfo: { requestStatus: 'complete', keyURL: urlOf(key) } } };
}

function retrieve(given: Seen['attributes'], keys: Key[], transport: Certificate): FakeAnswer {
  const key = keys.find(({ id }) => id === Number(given['keyId']));
  if (key === undefined) return exception(404, 'key.KeyNotFoundException');
  const sessionKey = unwrap(transport, given['transWrappedSessionKey']);
  if (sessionKey === undefined) return exception(500, 'base.PKIException');
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', sessionKey, iv);
  const sealed = Buffer.concat([cipher.update(key.bytes), cipher.final()]).toString('base64');
  return {
    status: 200,
    json: { wrappedPrivateData: sealed, nonceData: iv.toString('base64'), type: 'passPhrase' },
  };
}

/**
 * RFC 8017 section 7.2.2, by hand: Node leaves this padding to others. Undefined: wrapped under another key, whose modulus
 * may also be larger than this one's.
 */
export function unwrap({ key }: Certificate, wrapped = ''): Buffer | undefined {
  try {
    const block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, Buffer.from(wrapped, 'base64'));
    const sessionKey = block.subarray(block.indexOf(0, 2) + 1);
    return block[1] === 2 && sessionKey.length === 16 ? sessionKey : undefined;
  } catch {
    return undefined;
  }
}

function one(line: string, key: Key | undefined): FakeAnswer {
  if (key === undefined) return exception(404, 'key.KeyNotFoundException');
  if (line.startsWith('GET')) return { status: 200, json: describeKey(key) };
  key.active = !line.includes('status=inactive');
  return { status: 204 };
}

function list(line: string, keys: readonly Key[]): FakeAnswer {
  const query = new URLSearchParams(line.slice(line.indexOf('?')));
  const wanted = query.get('clientKeyID');
  const number = (name: string, usual: number): number => Number(query.get(name) ?? usual);
  // Seen on a real one: what comes behind this many is not found, whatever page is asked for.
  const found = keys
    .filter((key) => key.active && (wanted === null || key.clientKeyID === wanted))
    .slice(0, number('maxResults', 100));
  const start = number('start', 0);
  const entries = found.slice(start, start + number('size', 20));
  return { status: 200, json: { total: found.length, entries: entries.map(describeKey), Link: [] } };
}

const urlOf = ({ id }: Key): string => `https://fake/kra/rest/agent/keys/${id}`;
const describeKey = (key: Key): object => ({
  keyURL: urlOf(key),
  clientKeyID: key.clientKeyID,
  status: key.active ? 'active' : 'inactive',
  algorithm: null,
  size: null,
  publicKey: null,
});
