import { readFileSync } from 'node:fs';
import http, { type Server } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { createApp } from '../../src/http/app.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { startApp, type TestApp } from '../helpers/app.ts';
import { databases } from '../helpers/databases.ts';
import { configuration, createWorkplace, serveProcess } from './broker-process.ts';
import { pathOf, send, textSecret } from './client.ts';
import { answersIn, exchange, type WireAnswer } from './wire.ts';

const sqlite = databases().find(({ name }) => name === 'sqlite3')!;
const MEGABYTE = 1024 * 1024;
const DEADLINES = { headersMs: 500, requestMs: 1_000, checkEveryMs: 100 };
/** A client is cut off this long after its deadline at the latest. */
const GRACE_MS = 1_500;

const CALLER = 'Host: a\r\nX-Project-Id: p-1\r\nX-User-Id: u-owner\r\nX-Roles: creator';
const CREATION = `POST /v1/secrets HTTP/1.1\r\n${CALLER}\r\nContent-Type: application/json`;
const BODY = JSON.stringify(textSecret('hello'));

describe('a client', function () {
  this.timeout(30_000);
  let app: TestApp;
  let server: Server;
  let url: string;
  before(async () => {
    app = await startApp({ dialect: sqlite });
    server = createHttpServer(createApp(app.broker.services), DEADLINES);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await app.close();
  });
  afterEach(async () => {
    const secret = pathOf(await send(url, 'POST', '/v1/secrets', { body: textSecret('alive') }));
    expect((await send(url, 'GET', `${secret}/payload`)).text).to.equal('alive');
    expect(app.logged()).to.not.include('"level":"error"');
  });

  const connect = async (to = url): Promise<Socket> => {
    const { hostname, port } = new URL(to);
    const socket = net.connect({ host: hostname, port: Number(port) });
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    return socket;
  };
  const read = async (socket: Socket): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    return Buffer.concat(chunks);
  };
  /** Sends the text a character at a time until it is cut off; how long that took, and what it was told. */
  const trickle = async (
    text: string,
  ): Promise<{ readonly ms: number; readonly answers: readonly WireAnswer[] }> => {
    const socket = await connect();
    const began = Date.now();
    const ended = read(socket);
    let sent = 0;
    const timer = setInterval(() => socket.writable && socket.write(text.charAt(sent++ % text.length)), 50);
    const bytes = await ended;
    clearInterval(timer);
    return { ms: Date.now() - began, answers: answersIn(bytes, 'POST') };
  };

  it('that sends its head too slowly is cut off', async () => {
    const { ms, answers } = await trickle(`${CREATION}\r\n`);
    expect(ms).to.be.within(DEADLINES.headersMs - 100, DEADLINES.headersMs + GRACE_MS);
    expect(answers.map(({ status }) => status)).to.deep.equal([408]);
    expect(JSON.parse(answers[0]!.body.toString())).to.include({ code: 408, title: 'Request Timeout' });
  });

  it('that sends its body too slowly is cut off', async () => {
    const socket = await connect();
    const began = Date.now();
    const ended = read(socket);
    socket.write(`${CREATION}\r\nContent-Length: 1000\r\n\r\n{`);
    const timer = setInterval(() => socket.writable && socket.write(' '), 50);
    const answers = answersIn(await ended, 'POST');
    clearInterval(timer);
    expect(Date.now() - began).to.be.within(DEADLINES.requestMs - 100, DEADLINES.requestMs + GRACE_MS);
    expect(answers.map(({ status }) => status)).to.deep.equal([408]);
    expect(JSON.parse(answers[0]!.body.toString())).to.include({ code: 408, title: 'Request Timeout' });
  });

  it('that connects and says nothing is cut off', async () => {
    const socket = await connect();
    const began = Date.now();
    await read(socket);
    expect(Date.now() - began).to.be.below(DEADLINES.headersMs + GRACE_MS);
  });

  it('that asks slowly keeps nobody else waiting', async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, () => connect()));
    for (const socket of sockets) socket.write(`${CREATION}\r\nContent-Length: 1000\r\n\r\n{`);
    const began = Date.now();
    expect((await send(url, 'GET', '/v1/secrets')).status).to.equal(200);
    expect(Date.now() - began).to.be.below(1_000);
    for (const socket of sockets) socket.destroy();
  });

  const FRAMINGS = [
    ['with its length', `Content-Length: ${10 * MEGABYTE}`],
    ['in chunks', 'Transfer-Encoding: chunked'],
  ] as const;
  /** 10 MB of body, to the end or until the connection breaks; the answer, which may come before that. */
  const sendTooMuch = async (to: string, framing: string): Promise<WireAnswer | undefined> => {
    const socket = await connect(to);
    const answered = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.write(`${CREATION}\r\n${framing}\r\n\r\n`);
    const piece = Buffer.alloc(MEGABYTE / 4, 'x');
    const chunk = Buffer.concat([
      Buffer.from(`${piece.length.toString(16)}\r\n`),
      piece,
      Buffer.from('\r\n'),
    ]);
    const chunked = framing.startsWith('Transfer');
    for (let sent = 0; sent < 10 * MEGABYTE && socket.writable; sent += piece.length) {
      if (!socket.write(chunked ? chunk : piece)) await drained(socket);
    }
    if (chunked) socket.write('0\r\n\r\n');
    const [answer] = answersIn(await answered, 'POST');
    socket.destroy();
    return answer;
  };
  for (const [what, framing] of FRAMINGS) {
    it(`that sends 10 MB ${what} is told 413`, async () => {
      const answer = await sendTooMuch(url, framing);
      expect(answer?.status).to.equal(413);
      expect(JSON.parse(answer!.body.toString())).to.include({
        code: 413,
        title: 'Request Entity Too Large',
      });
    });
  }

  it('of many that send 10 MB at once takes no memory', async () => {
    const place = createWorkplace();
    const broker = await serveProcess(place.config(configuration(place)));
    try {
      await sendTooMuch(broker.url, FRAMINGS[0][1]);
      const before = residentBytes(broker.pid, 'VmRSS');
      const all = Array.from({ length: 40 }, (_, turn) => sendTooMuch(broker.url, FRAMINGS[turn % 2]![1]));
      for (const answer of await Promise.all(all)) expect(answer?.status).to.equal(413);
      // Half of it: what Node's collector leaves lying about differs by version, and reaches a quarter.
      expect(residentBytes(broker.pid, 'VmHWM') - before, 'of 400 MB sent').to.be.below(200 * MEGABYTE);
    } finally {
      broker.kill('SIGTERM');
      await broker.ended;
      place.remove();
    }
  });

  it('that goes on with its connection after a refused body is served on it', async () => {
    const large = 'x'.repeat(100_000);
    const refused = `${CREATION}\r\nContent-Length: ${large.length}\r\n\r\n${large}`;
    const next = `${CREATION}\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`;
    const answers = answersIn(await exchange(url, Buffer.from(refused + next)), 'POST');
    expect(answers.map(({ status }) => status)).to.deep.equal([413, 201]);
  });

  it('that waits for 100-continue gets it, and then its answer', async () => {
    const request = http.request(`${url}/v1/secrets`, {
      method: 'POST',
      agent: false,
      headers: {
        'X-Project-Id': 'p-1',
        'X-Roles': 'creator',
        'Content-Type': 'application/json',
        'Content-Length': BODY.length,
        Expect: '100-continue',
      },
    });
    const events: string[] = [];
    request.flushHeaders();
    request.once('continue', () => {
      events.push('continue');
      request.end(BODY);
    });
    const status = await new Promise((resolve, reject) => {
      request.once('response', (response) => resolve(response.resume().statusCode));
      request.once('error', reject);
    });
    expect(events).to.deep.equal(['continue']);
    expect(status).to.equal(201);
  });

  it('that sends requests without waiting for answers gets all of them, in order', async () => {
    const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\n${CALLER}\r\n${more}\r\n`;
    const create = `${CREATION}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
    const all =
      create +
      get('/v1/nothing') +
      create +
      get('/v1') +
      get('/v1/secrets/x') +
      get('/', 'Connection: close\r\n');
    const answers = answersIn(await exchange(url, Buffer.from(all)), 'GET');
    expect(answers.map(({ status }) => status)).to.deep.equal([201, 404, 201, 200, 404, 300]);
  });

  it('that breaks off anywhere in a request harms nobody', async () => {
    const whole = `${CREATION}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
    for (let cut = 1; cut <= whole.length; cut += 7) {
      const socket = await connect();
      socket.write(whole.slice(0, cut));
      await pause(1);
      if (cut % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
  });

  it('that does not read its answer harms nobody', async () => {
    const secret = pathOf(await send(url, 'POST', '/v1/secrets', { body: textSecret('x'.repeat(20_000)) }));
    const socket = await connect();
    socket.pause();
    const get = `GET ${secret}/payload HTTP/1.1\r\n${CALLER}\r\n\r\n`;
    for (let sent = 0; sent < 300; sent += 1) socket.write(get);
    await pause(500);
    expect((await send(url, 'GET', `${secret}/payload`)).bytes).to.have.length(20_000);
    socket.destroy();
  });
});

/** Resident now (`VmRSS`), or at most so far (`VmHWM`): proc(5). */
function residentBytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`${field}:\\s+(\\d+) kB`).exec(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
  )?.[1];
  return Number(kilobytes) * 1024;
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', resolve);
  });
}
