import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Stands between the broker and the real Keystone, so that a test can make Keystone unreachable or silent without
 * stopping a server that others use. It changes nothing of what it passes on.
 */
export interface Forwarder {
  readonly url: string;
  /** As a stopped server: refuses new connections, drops those it has. */
  refuse(): Promise<void>;
  /** As a hung server: takes connections and never answers; those it has fall silent too. */
  silence(): void;
  /** Passes everything on again. */
  restore(): Promise<void>;
  /** Connections passed on so far. */
  connections(): number;
}

export async function startForwarder(target: string): Promise<Forwarder> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let silent = false;
  let passed = 0;
  const server = createServer((near) => {
    keep(open, near);
    if (silent) return;
    passed += 1;
    const far = connect(Number(port), hostname);
    keep(open, far);
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  await listen(server, 0);
  const own = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${own}`,
    refuse: () => closeServer(server, open),
    silence: () => {
      silent = true;
      for (const socket of open) socket.unpipe().pause();
    },
    restore: async () => {
      silent = false;
      if (!server.listening) await listen(server, own);
      else for (const socket of open) socket.destroy();
    },
    connections: () => passed,
  };
}

/** A socket that is cut off emits an error nobody has to answer for. */
function keep(open: Set<Socket>, socket: Socket): void {
  open.add(socket);
  socket.on('error', () => undefined);
  socket.once('close', () => open.delete(socket));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

function closeServer(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of open) socket.destroy();
  });
}
