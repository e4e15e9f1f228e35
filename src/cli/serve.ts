import cluster from 'node:cluster';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { compose, readyDatabase, type Broker } from '../compose.ts';
import type { Config } from '../config.ts';
import { createApp } from '../http/app.ts';
import { createHttpServer } from '../http/server.ts';
import { startWorkingOrders } from '../jobs/orders.ts';
import { startSweeping } from '../jobs/sweep.ts';
import { errorFields, type Log } from '../log.ts';
import { banner } from './banner.ts';

export interface Serving {
  /** Says where. Whoever hears it may send signals: only once they are heeded. */
  announce(): void;
  /** After a log rotation: the audit goes on in a new file. */
  reopen(): void;
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
  const working = startWorkingOrders(broker.services);
  const url = urlOf(server);
  const announce = (): void => {
    const { mode, revision } = broker.services.policy;
    log.info('listening', { url, mode, revision });
    if (worker === undefined || worker === 1) process.stdout.write(banner(config, url, broker.services));
  };
  let stopping: Promise<void> | undefined;
  const reopen = (): void => broker.services.audit.reopen();
  return {
    announce,
    reopen,
    stop: () => (stopping ??= sweeping.stop().then(() => stop(server, broker, working))),
  };
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

/** How often connections that have become idle are let go: kept-alive ones would hold up the end for a minute. */
const CLOSE_IDLE_MS = 50;

async function stop(server: Server, broker: Broker, working: { stop(): Promise<void> }): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await Promise.all([closed, working.stop()]);
  clearInterval(idle);
  clearTimeout(cut);
  await broker.close();
}

/** Tells a worker which of them it is: one that is started again goes on with the audit file of its predecessor. */
const WORKER = 'POSTERN_WORKER';

/** `postern serve`: one process, or as many workers as configured, until SIGTERM or SIGINT. SIGHUP reopens the audit. */
export async function runServe(config: Config, log: Log): Promise<void> {
  if (config.listen.workers > 1 && cluster.isPrimary) {
    // Once, before there are several who would all migrate it at the same moment.
    await (await readyDatabase(config)).knex.destroy();
    return superviseWorkers(config.listen.workers, log);
  }
  let reopen = (): void => undefined;
  process.on('SIGHUP', () => reopen());
  // Not configuration: the environment is how a cluster's primary speaks to a worker it starts.
  // eslint-disable-next-line no-restricted-syntax
  const worker = cluster.isWorker ? Number(process.env[WORKER]) : undefined;
  const serving = await serve(config, log, worker);
  reopen = () => serving.reopen();
  const stop = (signal: string): void => {
    log.info('stopping', { signal });
    serving
      .stop()
      .catch((error: unknown) => log.error('stopping failed', errorFields(error)))
      // Not before: a worker that loses its primary ends at once, whatever it is doing.
      .finally(() => cluster.isWorker && process.disconnect());
  };
  process.once('SIGTERM', stop);
  // A terminal interrupts all processes at once; to a worker the primary says the rest.
  if (cluster.isWorker) process.on('SIGINT', () => undefined);
  else process.once('SIGINT', stop);
  serving.announce();
}

/** A worker that dies at once must not be started in a tight loop. */
const RESTART_DELAY_MS = 1_000;

/** Starts dead workers again, but not before one has listened: what stops the first one stops them all. */
function superviseWorkers(count: number, log: Log): void {
  const state = { stopping: false, served: false };
  const numbers = new Map<number, number>();
  const start = (number: number): void => {
    numbers.set(cluster.fork({ [WORKER]: number }).id, number);
  };
  const tellAll = (signal: NodeJS.Signals): void => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal);
  };
  const stopAll = (): void => {
    state.stopping = true;
    tellAll('SIGTERM');
  };
  for (let number = 1; number <= count; number += 1) start(number);
  cluster.on('listening', () => (state.served = true));
  cluster.on('exit', (worker, status) => {
    if (state.stopping) return;
    if (!state.served) {
      process.exitCode = 1;
      return stopAll();
    }
    log.error('a worker died and is started again', { pid: worker.process.pid ?? 0, status });
    const number = numbers.get(worker.id) ?? count + 1;
    numbers.delete(worker.id);
    setTimeout(() => !state.stopping && start(number), RESTART_DELAY_MS);
  });
  process.on('SIGHUP', tellAll);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stopAll);
}
