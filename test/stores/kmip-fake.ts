import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Operation, ObjectType } from '../../src/ttlv/enums.ts';
import { readRequest, responseMessage, type ReceivedRequest } from '../../src/ttlv/messages.ts';
import { decode, encode, messageLength } from '../../src/ttlv/ttlv.ts';
import { knownVersion, type Version } from '../../src/ttlv/versions.ts';
import type { Certificates } from './kmip-certificates.ts';
import { createObjects, type FakeObjects, type Outcome } from './kmip-fake-objects.ts';

/** What a server does in place of an answer of its own. */
export type Reaction = Outcome | { readonly raw: Buffer } | 'hang' | 'cut' | 'usual';

export interface FakeOptions {
  readonly certificates: Certificates;
  readonly versions?: readonly Version[];
  /** Empty: it does not say. */
  readonly operations?: readonly Operation[];
  readonly objectTypes?: readonly ObjectType[];
  readonly namespaces?: readonly string[];
  /** Refuses a second object of the same name, as the standard has it. */
  readonly uniqueNames?: boolean;
  readonly uid?: () => string;
}

/** A KMIP server that answers by the book unless it is told otherwise: for what a real one cannot be made to say. */
export interface FakeServer {
  readonly port: number;
  readonly objects: FakeObjects;
  readonly requests: ReceivedRequest[];
  /** TLS sessions that were resumed; none should be. */
  readonly resumed: number;
  readonly connections: number;
  /** How many requests came while another of the same connection was not answered. */
  readonly overlaps: number;
  /** Replaces the answers to come. */
  react: (request: ReceivedRequest) => Reaction | Promise<Reaction>;
  /** Changes what is written, for what TTLV's builders refuse to build. */
  distort: (answer: Buffer) => readonly Buffer[];
  /** To every connection there is. */
  blurt(bytes: Buffer): void;
  close(): Promise<void>;
}

const HEADER_BYTES = 8;

export async function startFake(options: FakeOptions): Promise<FakeServer> {
  const { certificates } = options;
  const sockets = new Set<TLSSocket>();
  const server = createServer({
    ...certificates.server,
    ca: certificates.ca,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const counts = { resumed: 0, connections: 0, overlaps: 0 };
  const fake: FakeServer = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    objects: createObjects(options),
    requests: [],
    get resumed() {
      return counts.resumed;
    },
    get connections() {
      return counts.connections;
    },
    get overlaps() {
      return counts.overlaps;
    },
    react: () => 'usual',
    distort: (answer) => [answer],
    blurt: (bytes) => {
      for (const socket of sockets) socket.write(bytes);
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => {
    counts.connections += 1;
    if (socket.isSessionReused()) counts.resumed += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    serve(socket, fake, counts);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return fake;
}

function serve(socket: TLSSocket, fake: FakeServer, counts: { overlaps: number }): void {
  let received = Buffer.alloc(0);
  let isBusy = false;
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= HEADER_BYTES && received.length >= messageLength(received)) {
      const message = received.subarray(0, messageLength(received));
      received = received.subarray(message.length);
      if (isBusy) counts.overlaps += 1;
      isBusy = true;
      void answer(socket, fake, readRequest(decode(Buffer.from(message)))).then(() => (isBusy = false));
    }
  });
}

async function answer(socket: TLSSocket, fake: FakeServer, request: ReceivedRequest): Promise<void> {
  fake.requests.push(request);
  const reaction = await fake.react(request);
  if (reaction === 'hang') return;
  if (reaction === 'cut') {
    socket.destroy();
    return;
  }
  const outcome = reaction === 'usual' ? fake.objects.answer(request) : reaction;
  for (const part of fake.distort('raw' in outcome ? outcome.raw : messageOf(request, outcome))) {
    socket.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function messageOf({ version, operation }: ReceivedRequest, outcome: Outcome): Buffer {
  const header = { version: knownVersion(version) ?? '1.0', timeStamp: 0n, operation };
  return encode(
    responseMessage(
      'reason' in outcome
        ? { ...header, ...outcome, status: 'Operation Failed' }
        : { ...header, ...outcome, status: 'Success' },
    ),
  );
}
