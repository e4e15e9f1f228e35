import { expect } from 'chai';
import { StoreMisconfigured, StoreRejected, StoreUnavailable, type BrokerError } from '../../src/errors.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { StoreRef } from '../../src/stores/secret-store.ts';
import { need } from '../../src/ttlv/ttlv.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { startTcpProxy } from '../robustness/tcp-proxy.ts';
import { createKmipStore } from '../../backends/kmip/index.ts';
import { fakeConfig, openFake, openOn, ownCertificates, type FakeBench } from './kmip-bench.ts';
import { startFake } from './kmip-fake.ts';

/** Every answer, with the first such part of it replaced. */
const changed =
  (part: RegExp, by: string) =>
  (answer: Buffer): readonly Buffer[] => [Buffer.from(answer.toString('hex').replace(part, by), 'hex')];

describe('kmip connections', () => {
  let bench: FakeBench;
  let secret: SecretHeader;
  let ref: StoreRef;
  beforeEach(async () => {
    bench = await openFake();
    secret = aSecretHeader();
    ref = await bench.store.put(secret, payloadOf('canary'));
  });
  afterEach(() => bench.close());

  const isWell = async (): Promise<void> => {
    bench.server.react = () => 'usual';
    bench.server.distort = (answer) => [answer];
    expect((await bytesOf(bench.store, secret, ref))?.toString()).to.equal('canary');
  };

  it('puts together an answer that comes byte by byte', async () => {
    bench.server.distort = (answer) => Array.from(answer, (byte) => Buffer.from([byte]));
    expect((await bytesOf(bench.store, secret, ref))?.toString()).to.equal('canary');
  }).timeout(10_000);

  for (const [what, distort] of Object.entries({
    'with a byte after it': (answer: Buffer) => [Buffer.concat([answer, Buffer.from([0])])],
    'with another after it': (answer: Buffer) => [Buffer.concat([answer, answer])],
    'of another tag': (answer: Buffer) => [Buffer.concat([Buffer.from('420078', 'hex'), answer.subarray(3)])],
    'to another operation': changed(/42005c0500000004[0-9a-f]{8}/, '42005c050000000400000008'),
    'of a later version': changed(/42006b0200000004[0-9a-f]{8}/, '42006b020000000400000009'),
    'of two operations': changed(/42000d0200000004[0-9a-f]{8}/, '42000d020000000400000002'),
    'that is HTTP': () => [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    'that says it has 4 GiB': () => [Buffer.from('42007b01fffffff8', 'hex')],
    'with a type nobody knows': changed(/42006901/, '4200690f'),
  })) {
    it(`drops the connection after an answer ${what}`, async () => {
      bench.server.distort = distort;
      const before = bench.server.connections;
      const error = await rejection(bench.store.get(secret, ref));
      expect(error, String(error)).to.be.instanceOf(StoreRejected);
      expect((error as BrokerError).detail).to.contain('store "fake"');
      await isWell();
      expect(bench.server.connections).to.equal(before + 1);
    });
  }

  it('does not wait for what the server wants to do later: it was not asked to', async () => {
    bench.server.distort = changed(/42007f0500000004[0-9a-f]{8}/, '42007f050000000400000002');
    const error = await rejection(bench.store.get(secret, ref));
    expect(error).to.be.instanceOf(StoreRejected);
    expect((error as BrokerError).detail).to.contain('Operation Pending');
    await isWell();
  });

  it('drops a connection on which something comes that nobody asked for', async () => {
    const before = bench.server.connections;
    bench.server.blurt(Buffer.from('420078', 'hex'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await isWell();
    expect(bench.server.connections).to.equal(before + 1);
  });

  it('drops a connection whose answer is late, and asks the next question on another', async () => {
    bench.server.react = ({ operation }) => (operation === 'Get' ? 'hang' : 'usual');
    const before = bench.server.connections;
    const error = await rejection(bench.store.get(secret, ref));
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect((error as BrokerError).detail).to.contain('500 ms');
    await isWell();
    expect(bench.server.connections).to.equal(before + 1);
  });

  it('asks once more, on a new connection, when an old one turns out to be dead', async () => {
    let cuts = 1;
    bench.server.react = ({ operation }) => (operation === 'Get' && cuts-- > 0 ? 'cut' : 'usual');
    expect((await bytesOf(bench.store, secret, ref))?.toString()).to.equal('canary');
  });

  it('asks no third time', async () => {
    bench.server.react = ({ operation }) => (operation === 'Get' ? 'cut' : 'usual');
    bench.server.requests.length = 0;
    expect(await rejection(bench.store.get(secret, ref))).to.be.instanceOf(StoreUnavailable);
    expect(bench.server.requests.filter(({ operation }) => operation === 'Get')).to.have.length(2);
  });

  it('asks nothing twice when half of an answer has come', async () => {
    bench.server.distort = (answer) => [answer.subarray(0, 20)];
    bench.server.requests.length = 0;
    expect(await rejection(bench.store.get(secret, ref))).to.be.instanceOf(StoreUnavailable);
    expect(bench.server.requests.filter(({ operation }) => operation === 'Get')).to.have.length(1);
  });

  it('registers once more only after it has looked', async () => {
    let cuts = 1;
    bench.server.react = (request) => {
      if (request.operation !== 'Register' || cuts-- <= 0) return 'usual';
      // It is done, and the answer is lost.
      bench.server.objects.answer(request);
      return 'cut';
    };
    const other = aSecretHeader();
    const place = await bench.store.put(other, payloadOf('once'));
    expect(
      [...bench.server.objects.all.values()].filter(({ names }) => names[0]?.endsWith(other.id)),
    ).to.have.length(1);
    expect(await bench.store.locate(other)).to.equal(place);
  });

  it('never has two requests on one connection, nor more connections than it may', async () => {
    const few = await openOn(bench.server, { name: 'few', pool: { max: 3 } });
    try {
      const before = bench.server.connections;
      const secrets = Array.from({ length: 20 }, () => aSecretHeader());
      const refs = await Promise.all(secrets.map((one) => few.put(one, payloadOf(one.id))));
      const back = await Promise.all(secrets.map((one, at) => bytesOf(few, one, refs[at]!)));
      expect(back.map(String)).to.deep.equal(secrets.map(({ id }) => id));
      expect(bench.server.connections - before).to.be.at.most(2);
      expect(bench.server.overlaps).to.equal(0);
      expect(await few.health()).to.include({ connections: 3 });
    } finally {
      await few.close();
    }
  });

  it('closes connections that nobody uses, but for those it is told to keep', async () => {
    for (const [min, left] of [
      [0, 1],
      [2, 2],
    ] as const) {
      const store = await openOn(bench.server, { name: 'idle', pool: { min, max: 4, idle: 0.1 } });
      const puts = Array.from({ length: 4 }, () => store.put(aSecretHeader(), payloadOf('x')));
      await Promise.all(puts);
      await new Promise((resolve) => setTimeout(resolve, 250));
      // Health itself needs one.
      expect((await store.health())['connections']).to.equal(left);
      await store.close();
    }
  });

  it('resumes no TLS session', async () => {
    await Promise.all(Array.from({ length: 8 }, () => bench.store.get(secret, ref)));
    expect(bench.server.connections).to.be.above(1);
    expect(bench.server.resumed).to.equal(0);
  });

  it('sends the credential it is given with every request, and shows it nowhere', async () => {
    const credential = { username: 'postern', password: 'pa55word' };
    const store = await openOn(bench.server, { credential });
    bench.server.requests.length = 0;
    await store.get(secret, ref);
    for (const { header } of bench.server.requests) {
      const sent = need(header, TAG.Authentication, 'structure');
      const value = need(need(sent, TAG.Credential, 'structure'), TAG['Credential Value'], 'structure');
      expect(need(value, TAG.Password, 'textString').value).to.equal('pa55word');
    }
    bench.server.react = () => ({ reason: 'Authentication Not Successful' });
    const error = (await rejection(store.get(secret, ref))) as BrokerError;
    expect(error).to.be.instanceOf(StoreMisconfigured);
    expect(`${error.detail ?? ''} ${String(error.cause)} ${String(error.stack)}`).not.to.contain('pa55word');
    await store.close();
  });

  it('goes to the next server while the first does not answer, and back when it does', async () => {
    const second = await startFake({ certificates: ownCertificates() });
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: bench.server.port });
    const servers = [proxy.port, second.port].map((port) => ({ host: '127.0.0.1', port }));
    let nowMs = Date.now();
    const options = fakeConfig(undefined, { host: undefined, servers });
    const store = await createKmipStore({ options, clockMs: () => nowMs });
    const asked = async (): Promise<unknown> => (await store.health())['server'];
    try {
      expect(await asked()).to.equal(`127.0.0.1:${proxy.port}`);
      await proxy.cut();
      expect(await asked()).to.equal(`127.0.0.1:${second.port}`);
      await proxy.restore();
      await second.close();
      nowMs += 60_000;
      expect(await asked()).to.equal(`127.0.0.1:${proxy.port}`);
    } finally {
      await store.close();
      await second.close();
      await proxy.close();
    }
  });

  it('says of several servers what is wrong with the first when none answers', async () => {
    const servers = [1, 2].map((port) => ({ host: '127.0.0.1', port }));
    const opening = createKmipStore({
      options: fakeConfig(undefined, { host: undefined, servers }),
      clockMs: Date.now,
    });
    const error = (await rejection(opening)) as BrokerError;
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect(error.detail).to.contain('127.0.0.1:1 ').and.contain('ECONNREFUSED');
  });
});
