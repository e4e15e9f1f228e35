import { existsSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import http from 'node:http';
import net, { type Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import {
  createWorkplace,
  configuration,
  runPostern,
  serveProcess,
  until,
  type ServingProcess,
  type Workplace,
} from '../robustness/broker-process.ts';
import { pathOf, send, textSecret } from '../robustness/client.ts';
import { answersIn } from '../robustness/wire.ts';

const BODY = JSON.stringify(textSecret('hello'));
const HEAD = [
  'POST /v1/secrets HTTP/1.1',
  'Host: a',
  'X-Project-Id: p-1',
  'X-Roles: creator',
  'Content-Type: application/json',
  `Content-Length: ${BODY.length}`,
  '',
  '',
].join('\r\n');

/** A drain that waited for idle connections would take half a minute. */
const DRAINED_MS = 5_000;
/** A worker is started again a second after it died. */
const RESTARTED_MS = 15_000;

describe('postern serve', function () {
  this.timeout(60_000);
  let place: Workplace;
  let running: ServingProcess[];
  beforeEach(() => {
    place = createWorkplace();
    running = [];
  });
  afterEach(async () => {
    for (const broker of running) broker.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
    place.remove();
  });

  const start = async (file: string): Promise<ServingProcess> => {
    const broker = await serveProcess(file);
    running.push(broker);
    return broker;
  };
  const refused = async (changes: Readonly<Record<string, unknown>>): Promise<string> => {
    const { code, stderr, stdout } = await runPostern([
      'serve',
      '--config',
      place.config(configuration(place, changes)),
    ]);
    expect({ code, stdout }, stderr).to.deep.equal({ code: 1, stdout: '' });
    return stderr;
  };

  it('refuses to believe headers on an address that others reach', async () => {
    for (const host of ['0.0.0.0', '::']) {
      expect(await refused({ listen: { host, port: 0 } })).to.include(
        `identity kind "headers" believes every caller`,
      );
    }
  });

  it('refuses a port that is taken', async () => {
    const first = await start(place.config(configuration(place)));
    const message = await refused({ listen: { port: Number(new URL(first.url).port) } });
    expect(message).to.match(/^postern: .*EADDRINUSE/m);
  });

  it('makes the key at its first start, for the owner alone, and keeps it at the second', async () => {
    const shipped = readFileSync(new URL('../../conf/postern.dev.yaml', import.meta.url), 'utf8');
    const file = place.config(
      shipped.replaceAll('var/', `${place.folder}/var/`).replace('port: 9311', 'port: 0'),
    );
    const first = await start(file);
    const secret = pathOf(await send(first.url, 'POST', '/v1/secrets', { body: textSecret('kept') }));
    expect(first.stdout()).to.include(`Postern listens on ${first.url}`).and.to.include('legacy mode');
    first.kill('SIGTERM');
    expect(await first.ended).to.deep.equal({ code: 0, signal: null });
    const key = readFileSync(place.path('var/master.key'), 'utf8');
    expect(Buffer.from(key, 'base64')).to.have.length(32);
    for (const name of ['master.key', 'postern.sqlite', 'audit.jsonl']) {
      expect(statSync(place.path(`var/${name}`)).mode & 0o077, name).to.equal(0);
    }
    const second = await start(file);
    expect((await send(second.url, 'GET', `${secret}/payload`)).text).to.equal('kept');
    expect(readFileSync(place.path('var/master.key'), 'utf8')).to.equal(key);
    expect(first.stdout() + first.stderr() + second.stdout() + second.stderr()).to.not.include(key.trim());
  });

  for (const workers of [1, 2]) {
    describe(`with ${workers} worker${workers === 1 ? '' : 's'}`, () => {
      const configured = (): string => place.config(configuration(place, { listen: { port: 0, workers } }));

      it('finishes the requests under way when it is asked to stop, and then ends', async () => {
        const broker = await start(configured());
        const under = await Promise.all(Array.from({ length: 4 }, () => halfSent(broker.url)));
        const agent = new http.Agent({ keepAlive: true });
        await get(broker.url, agent);
        const began = Date.now();
        broker.kill('SIGTERM');
        await pause(500);
        for (const answer of under) expect((await answer.finish()).status).to.equal(201);
        expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
        expect(Date.now() - began).to.be.below(DRAINED_MS);
        agent.destroy();
      });

      it('goes on in a new audit file when it is told that the old one was renamed', async () => {
        const broker = await start(configured());
        const audits = workers === 1 ? ['audit.jsonl'] : ['audit.jsonl.1', 'audit.jsonl.2'];
        await until(
          () => (audits.every((name) => existsSync(place.path(name))) ? true : undefined),
          'the audit files',
        );
        for (const name of audits) renameSync(place.path(name), place.path(`old-${name}`));
        broker.kill('SIGHUP');
        await until(async () => {
          const { status } = await send(broker.url, 'GET', '/v1/secrets');
          expect(status).to.equal(200);
          return audits.some((name) => existsSync(place.path(name))) ? true : undefined;
        }, 'a new audit file');
        const lines = audits.flatMap((name) =>
          [name, `old-${name}`].flatMap((file) =>
            existsSync(place.path(file)) ? readFileSync(place.path(file), 'utf8').trim().split('\n') : [],
          ),
        );
        for (const line of lines.filter((one) => one !== ''))
          expect(() => JSON.parse(line) as unknown).not.to.throw();
      });

      it('takes no new connection once it is asked to stop', async () => {
        const broker = await start(configured());
        const under = await halfSent(broker.url);
        broker.kill('SIGTERM');
        await until(() => isRefused(broker.url), 'new connections to be refused');
        expect((await under.finish()).status).to.equal(201);
        expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
      });

      it('ends non-zero when it cannot start', async () => {
        const file = place.config(
          configuration(place, {
            listen: { port: 0, workers },
            policy: { bundle: place.path('nowhere.tar.gz') },
          }),
        );
        const { code, stderr } = await runPostern(['serve', '--config', file]);
        expect(code, stderr).to.equal(1);
        expect(stderr).to.include('policy bundle');
      });
    });
  }

  describe('with 2 workers', () => {
    const configured = (): string => place.config(configuration(place, { listen: { port: 0, workers: 2 } }));

    it('serves on one port, audits in a file each, and starts a killed worker again', async () => {
      const broker = await start(configured());
      const workers = await until(() => children(broker.pid, 2), 'two workers');
      await until(
        () => (broker.stderr().split('"listening"').length === 3 ? true : undefined),
        'both to listen',
      );
      const secret = pathOf(await send(broker.url, 'POST', '/v1/secrets', { body: textSecret('shared') }));
      process.kill(workers[0]!, 'SIGKILL');
      const again = await until(
        () => children(broker.pid, 2)?.filter((pid) => !workers.includes(pid))[0],
        'a new worker',
        RESTARTED_MS,
      );
      expect(broker.stderr()).to.include('a worker died and is started again');
      await until(
        () => (broker.stderr().split('"listening"').length === 4 ? true : undefined),
        'it to listen',
        RESTARTED_MS,
      );
      process.kill(workers[1]!, 'SIGKILL');
      await until(
        () => (broker.stderr().split('a worker died').length === 3 ? true : undefined),
        'its death',
      );
      // Only the new one is left.
      expect((await send(broker.url, 'GET', `${secret}/payload`)).text).to.equal('shared');
      expect(again).to.be.above(0);
      // The one that was started again goes on with the file of its predecessor.
      const files = readdirSync(dirname(place.path('audit.jsonl'))).filter((name) =>
        name.startsWith('audit'),
      );
      expect(files.sort()).to.deep.equal(['audit.jsonl.1', 'audit.jsonl.2']);
    });

    it('takes its workers along when it is killed itself', async () => {
      const broker = await start(configured());
      const workers = await until(() => children(broker.pid, 2), 'two workers');
      broker.kill('SIGKILL');
      await until(
        () => (workers.every((pid) => !existsSync(`/proc/${pid}`)) ? true : undefined),
        'the workers to end',
      );
    });

    it('drains when the terminal interrupts all its processes at once', async () => {
      const broker = await start(configured());
      const workers = await until(() => children(broker.pid, 2), 'two workers');
      const under = await Promise.all(Array.from({ length: 4 }, () => halfSent(broker.url)));
      for (const pid of [broker.pid, ...workers]) process.kill(pid, 'SIGINT');
      await pause(500);
      for (const answer of under) expect((await answer.finish()).status).to.equal(201);
      expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
    });
  });
});

interface HalfSent {
  /** Sends the rest of the body. */
  finish(): Promise<{ readonly status: number }>;
}

/** A creation of which half the body is on its way, on a connection that asks to be kept. */
async function halfSent(url: string): Promise<HalfSent> {
  const socket = await connect(url);
  const chunks: Buffer[] = [];
  const ended = new Promise<Buffer>((resolve) => socket.once('close', () => resolve(Buffer.concat(chunks))));
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(HEAD + BODY.slice(0, 10));
  await pause(100);
  return {
    finish: async () => {
      socket.write(BODY.slice(10));
      const [answer] = answersIn(await ended, 'POST');
      if (answer === undefined) throw new Error('the connection was closed without an answer');
      return answer;
    },
  };
}

function connect(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: hostname, port: Number(port) }, () => resolve(socket));
    socket.once('error', reject);
  });
}

async function isRefused(url: string): Promise<true | undefined> {
  try {
    (await connect(url)).destroy();
    return undefined;
  } catch {
    return true;
  }
}

function get(url: string, agent: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    http
      .get(`${url}/healthcheck`, { agent }, (response) => response.resume().once('end', resolve))
      .once('error', reject);
  });
}

/** Process ids of the children, once there are that many. */
function children(pid: number, count: number): readonly number[] | undefined {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const pids = listed
    .split(' ')
    .map(Number)
    .filter((child) => child > 0);
  return pids.length >= count ? pids : undefined;
}
