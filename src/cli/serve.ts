import cluster from 'node:cluster';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { compose, type Broker } from '../compose.ts';
import type { Config } from '../config.ts';
import { createApp } from '../http/app.ts';
import { createHttpServer } from '../http/server.ts';
import { startSweeping } from '../jobs/sweep.ts';
import { errorFields, type Log } from '../log.ts';
import { banner } from './banner.ts';

export interface Serving {
  readonly url: string;
  /** Takes no new connection, lets requests end, closes everything. Twice is fine. */
  stop(): Promise<void>;
}

/** Requests that still run this long after a stop was asked for are cut off. */
const DRAIN_MS = 30_000;

/** The API in this process, until `stop`. */
export async function serve(config: Config, log: Log, worker?: number): Promise<Serving> {
  const broker = await compose(config, { log, ...(worker === undefined ? {} : { worker }) });
  const server = createHttpServer(createApp(broker.services));
  await listen(server, config.listen);
  const sweeping = startSweeping(broker.services);
  const url = urlOf(server);
  log.info('listening', { url, mode: broker.services.policy.mode, revision: broker.services.policy.revision });
  if (worker === undefined || worker === 1) process.stdout.write(banner(config, url, broker.services));
  let stopping: Promise<void> | undefined;
  return { url, stop: () => (stopping ??= sweeping.stop().then(() => stop(server, broker))) };
}

function listen(server: Server, { host, port }: Config['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function stop(server: Server, broker: Broker): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(cut);
  await broker.close();
}

/** `postern serve`: one process, or as many workers as configured, until SIGTERM or SIGINT. */
export async function runServe(config: Config, log: Log): Promise<void> {
  if (config.listen.workers > 1 && cluster.isPrimary) return superviseWorkers(config.listen.workers, log);
  const serving = await serve(config, log, cluster.worker?.id);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info('stopping', { signal });
      serving.stop().catch((error: unknown) => log.error('stopping failed', errorFields(error)));
      if (cluster.isWorker) process.disconnect();
    });
  }
}

/** A worker that dies at once must not be started in a tight loop. */
const RESTART_DELAY_MS = 1_000;

function superviseWorkers(count: number, log: Log): void {
  let stopping = false;
  for (let index = 0; index < count; index += 1) cluster.fork();
  cluster.on('exit', (worker, status) => {
    if (stopping) return;
    log.error('a worker died and is started again', { pid: worker.process.pid ?? 0, status });
    setTimeout(() => !stopping && cluster.fork(), RESTART_DELAY_MS);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stopping = true;
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal);
    });
  }
}
