import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { vaultOptions } from '../../backends/vault/index.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { openWith, type Changes } from './vault-server.ts';

/** What a server answers; text as it is, anything else as JSON. */
export interface Said {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Asked {
  readonly method: string;
  /** Below /v1/. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** `undefined`: as a server that is well. `hang`: never. `cut`: in the middle of the answer. */
export type Play = (asked: Asked) => Said | 'hang' | 'cut' | undefined;

/** The far end of the wire, saying what no real server can be made to say. */
export interface FarEnd {
  readonly url: string;
  readonly asked: Asked[];
  play: Play;
  /** How many were open at once, at most. */
  connections(): number;
  open(changes?: Changes): Promise<SecretStore>;
  close(): Promise<void>;
}

export async function startFarEnd(): Promise<FarEnd> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const one = {
      method: request.method ?? '',
      path: (request.url ?? '').replace('/v1/', ''),
      headers: request.headers,
      body,
    };
    asked.push(one);
    say(response, end.play(one) ?? well(one));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<Socket>();
  let most = 0;
  server.on('connection', (socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)));
    most = Math.max(most, sockets.size);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const end: FarEnd = {
    url,
    asked,
    play: () => undefined,
    connections: () => most,
    open: (changes = {}) =>
      openWith(
        vaultOptions.parse({
          kind: 'vault',
          name: 'vault',
          url,
          auth: { approle: { role_id: 'role', secret_id: 'secret' } },
          timeouts: { connect: 0.3, request: 0.3 },
          ...changes,
        }),
      ),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return end;
}

function say(response: ServerResponse, said: Said | 'hang' | 'cut'): void {
  if (said === 'hang') return;
  if (said === 'cut') {
    response.writeHead(200, { 'Content-Length': '1000' }).write('{"data":');
    setTimeout(() => response.destroy(), 20);
    return;
  }
  const { status, headers = {}, body } = said;
  response.writeHead(status, headers);
  response.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
}

/** Grants everything, holds nothing and takes whatever is written. */
function well({ method, path }: Asked): Said {
  if (path === 'sys/health') return { status: 200, body: { version: '2.4.4', standby: false } };
  if (path.endsWith('/login'))
    return {
      status: 200,
      body: { auth: { client_token: 'token-1', lease_duration: 3_600, renewable: true } },
    };
  if (path === 'sys/capabilities-self') return { status: 403, body: { errors: ['permission denied'] } };
  if (path === 'secret/config')
    return { status: 200, body: { data: { max_versions: 0, delete_version_after: '0s' } } };
  if (path.startsWith('auth/token/')) return { status: 200, body: { data: {} } };
  if (method === 'POST') return { status: 200, body: { data: { version: 1 } } };
  if (method === 'DELETE') return { status: 204 };
  return { status: 404, body: { errors: [] } };
}
