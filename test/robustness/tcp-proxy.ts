import net, { type AddressInfo, type Socket } from 'node:net';

/** A wire between the broker and a server, that a test can cut or freeze. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Connections stay open and new ones are accepted, but no byte passes: a firewall that drops, a host that hangs. */
  freeze(): void;
  /** What is asked on the connections there are now gets through; the first byte of an answer breaks the connection. */
  loseAnswers(): void;
  /** Bytes pass again, on new connections and on frozen ones. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

export async function startTcpProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const farSides = new Set<Socket>();
  let frozen = false;
  const server = net.createServer((near) => {
    const far = net.connect(target);
    farSides.add(far);
    far.on('close', () => farSides.delete(far));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (chunk) => to.write(chunk));
      if (frozen) from.pause();
    }
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const destroyAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const cut = (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    destroyAll();
    return closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    cut,
    freeze: () => {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    loseAnswers: () => {
      for (const far of farSides) {
        far.removeAllListeners('data');
        far.once('data', () => far.destroy());
      }
    },
    restore: async () => {
      frozen = false;
      for (const socket of sockets) socket.resume();
      if (!server.listening) await listen(port);
    },
    close: () => (server.listening ? cut() : Promise.resolve(destroyAll())),
  };
}
