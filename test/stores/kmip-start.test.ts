import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { createKmipStore, kmipOptions, type KmipOptions } from '../../backends/kmip/index.ts';
import { linkFailure } from '../../backends/kmip/link-failure.ts';
import { StoreMisconfigured, StoreUnavailable, type BrokerError } from '../../src/errors.ts';
import { readAttributes } from '../../src/ttlv/attributes.ts';
import type { Operation } from '../../src/ttlv/enums.ts';
import type { ReceivedRequest } from '../../src/ttlv/messages.ts';
import { objectItem } from '../../src/ttlv/objects.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import { all, encode, find, need, text, type Item, type Structure } from '../../src/ttlv/ttlv.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { fakeConfig, openFake, openOn, ownCertificates, type FakeBench } from './kmip-bench.ts';
import { startFake, type FakeServer, type Reaction } from './kmip-fake.ts';

const NEEDED: readonly Operation[] = ['Register', 'Locate', 'Get', 'Destroy', 'Get Attributes', 'Query'];

describe('kmip at the start', () => {
  let bench: FakeBench | undefined;
  afterEach(async () => {
    await bench?.close();
    bench = undefined;
  });

  it('speaks the best version of ours that the server speaks, not the best of the server', async () => {
    bench = await openFake({ versions: ['1.2', '1.4', '2.0', '2.1'] }, { versions: ['1.4', '2.0', '1.2'] });
    expect(await bench.store.health()).to.include({ version: '1.4' });
    expect(bench.server.requests[0]).to.include({ operation: 'Discover Versions', version: '1.2' });
  });

  it('speaks 1.0 with a server that has nothing to discover, if it may', async () => {
    const server = await startFake({ certificates: ownCertificates() });
    server.react = ({ operation }) =>
      operation === 'Discover Versions' ? { reason: 'Operation Not Supported' } : 'usual';
    const error = (await rejection(openOn(server))) as BrokerError;
    expect(error).to.be.instanceOf(StoreMisconfigured);
    expect(error.detail).to.contain('none of the KMIP versions 2.1, 2.0');
    const store = await openOn(server, { versions: ['1.2', '1.0'] });
    expect(await store.health()).to.include({ version: '1.0' });
    await store.close();
    await server.close();
  });

  for (const missing of ['Register', 'Locate', 'Get', 'Destroy'] as const) {
    it(`does not open on a server that says it has no ${missing}`, async () => {
      const operations = NEEDED.filter((operation) => operation !== missing);
      const error = (await rejection(openFake({ operations }))) as BrokerError;
      expect(error).to.be.instanceOf(StoreMisconfigured);
      expect(error.detail).to.contain(missing);
    });
  }

  it('takes a server that does not say what it can for one that can', async () => {
    bench = await openFake({ operations: [], objectTypes: [] });
    expect(await bench.store.health()).to.include({ vendor: 'a server on the loopback' });
  });

  it('does without names where the server tells no attributes', async () => {
    bench = await openFake({ operations: NEEDED.filter((one) => one !== 'Get Attributes') });
    const secret = aSecretHeader();
    const ref = await bench.store.put(secret, payloadOf('x'));
    expect((await bytesOf(bench.store, secret, ref))?.toString()).to.equal('x');
  });

  it('asks again for the version when the server became another one', async () => {
    bench = await openFake({ versions: ['1.4', '2.0'] });
    const secret = aSecretHeader();
    const ref = await bench.store.put(secret, payloadOf('x'));
    // From now on it knows 1.4 only.
    const { server } = bench;
    server.react = (request) => {
      if (request.version === '2.0') return { reason: 'Invalid Message' };
      if (request.operation !== 'Discover Versions') return 'usual';
      const only = all(request.payload, TAG['Protocol Version']).filter((item) => isOneFour(item));
      return { payload: only };
    };
    expect((await bytesOf(bench.store, secret, ref))?.toString()).to.equal('x');
    expect(await bench.store.health()).to.include({ version: '1.4' });
  });

  it('refuses our certificate once it is out of date, by our own clock', async () => {
    const server = await startFake({ certificates: ownCertificates() });
    const tomorrow = Date.now() + 2 * 86_400_000;
    const opening = createKmipStore({ options: fakeConfig(server.port), clockMs: () => tomorrow });
    expect(((await rejection(opening)) as BrokerError).detail).to.contain('expired on');
    expect(server.connections).to.equal(0);
    await server.close();
  });
});

const isOneFour = (item: Item): boolean =>
  need(item, TAG['Protocol Version Major'], 'integer').value === 1 &&
  need(item, TAG['Protocol Version Minor'], 'integer').value === 4;

describe('kmip options', () => {
  const { ca, client } = ownCertificates();
  const parse = (changes: object): KmipOptions =>
    kmipOptions.parse({ kind: 'kmip', name: 'n', host: 'h', tls: { ca, ...client }, ...changes });

  it('want one server or several, never both and never none', () => {
    expect(parse({})).to.include({ host: 'h', port: 5696 });
    const servers = [{ host: 'a' }, { host: 'b', port: 5697 }];
    expect(parse({ host: undefined, servers }).servers).to.deep.equal([
      { host: 'a', port: 5696 },
      { host: 'b', port: 5697 },
    ]);
    expect(() => parse({ servers })).to.throw('either host or servers');
    expect(() => parse({ host: undefined })).to.throw('either host or servers');
  });

  it('refuse what is misspelt or makes no sense, and quote no key', () => {
    for (const changes of [
      { hots: 'h' },
      { versions: [] },
      { versions: ['1.5'] },
      { namespace: 'a:b' },
      { pool: { min: 3, max: 2 } },
      { usage: { symmetric: ['Fly'] } },
      { max_message: 1 },
    ])
      expect(() => parse(changes), JSON.stringify(changes)).to.throw();
    expect(() => parse({ tls: { ca, ...client, key: 'canary' } }))
      .to.throw('a private key as PEM text')
      .with.property('message')
      .that.does.not.contain('canary');
  });
});

describe('kmip link failures', () => {
  const failure = (code: string): BrokerError =>
    linkFailure('the server', Object.assign(new Error('words'), { code }), true);

  it('tell a server that refuses us from one that is not there, whatever OpenSSL calls it', () => {
    for (const alert of [
      'CERTIFICATE_EXPIRED',
      'CERTIFICATE_REVOKED',
      'UNKNOWN_CA',
      'BAD_CERTIFICATE',
      'CERTIFICATE_REQUIRED',
    ])
      for (const prefix of ['ERR_SSL_SSLV3_', 'ERR_SSL_TLSV1_', 'ERR_SSL_TLSV13_', 'ERR_SSL_SSL/TLS_'])
        expect(failure(`${prefix}ALERT_${alert}`), prefix + alert).to.be.instanceOf(StoreMisconfigured);
    for (const code of ['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER'])
      expect(failure(code), code).to.be.instanceOf(StoreMisconfigured);
    for (const code of [
      'ECONNREFUSED',
      'ECONNRESET',
      'ENOTFOUND',
      'EPIPE',
      'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR',
      '',
    ]) {
      expect(failure(code), code).to.be.instanceOf(StoreUnavailable);
      expect(failure(code), code).not.to.be.instanceOf(StoreMisconfigured);
    }
  });
});

describe('kmip generator on a server that knows curves', () => {
  let bench: FakeBench;
  afterEach(() => bench.close());

  const open = async (react: (server: FakeServer, request: ReceivedRequest) => Reaction): Promise<void> => {
    bench = await openFake();
    bench.server.react = (request) => react(bench.server, request);
    const store = await openOn(bench.server, { generate: true });
    const { server, close } = { server: bench.server, close: bench.close.bind(bench) };
    bench = {
      server,
      store,
      close: async () => {
        await store.close();
        await close();
      },
    };
  };

  it('makes pairs on the curve asked for, and gives them as PEM whatever the server calls them', async () => {
    await open(makesCurves);
    const { generator } = bench.store;
    expect([generator?.makesPair('ecdsa', 256), generator?.makesPair('ecdsa', 384)]).to.deep.equal([
      true,
      true,
    ]);
    expect([generator?.makesPair('rsa', 2048), generator?.makesPair('ed25519', 256)]).to.deep.equal([
      false,
      false,
    ]);
    const pair = {
      privateKey: aSecretHeader({ secretType: 'private', algorithm: 'ecdsa' }),
      publicKey: aSecretHeader({ secretType: 'public', algorithm: 'ecdsa' }),
    };
    const made = await generator!.makePair(pair, 'ecdsa', 384);
    const privatePem = await bytesOf(bench.store, pair.privateKey, made.privateKey.ref);
    expect(privatePem?.toString()).to.match(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(privatePem).to.have.length(made.privateKey.size);
    const publicPem = await bytesOf(bench.store, pair.publicKey, made.publicKey.ref);
    expect(publicPem?.toString()).to.match(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(await bench.store.locate(pair.privateKey)).to.equal(made.privateKey.ref);
    await bench.store.destroy(pair.privateKey, made.privateKey.ref);
    await bench.store.destroy(pair.publicKey, made.publicKey.ref);
    expect(bench.server.objects.all.size, 'trials and keys').to.equal(0);
  });

  it('claims no keys that the server does not let out', async () => {
    await open((server, request) =>
      request.operation === 'Get' ? { reason: 'Not Extractable' } : makesCurves(server, request),
    );
    expect(bench.store.generator?.makesPair('ecdsa', 256)).to.equal(false);
    expect(bench.server.objects.all.size).to.equal(0);
  });
});

let made = 0;

/** Create Key Pair as a server does it that keeps private keys in the form of RFC 5915. */
function makesCurves({ objects }: FakeServer, { operation, payload, version }: ReceivedRequest): Reaction {
  if (operation !== 'Create Key Pair') return 'usual';
  const [common, privateKey, publicKey] = payload.value.map((set) => attributesIn(set, version));
  const domain = find(common!, TAG['Cryptographic Domain Parameters']);
  const curve = domain && find(domain, TAG['Recommended Curve']);
  if (curve?.type !== 'enumeration') return { reason: 'Invalid Field' };
  const pair = generateKeyPairSync('ec', { namedCurve: curve.value === 10 ? 'P-384' : 'P-256' });
  const sec1 = pair.privateKey.export({ type: 'sec1', format: 'der' });
  const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
  const uids = [`made-${(made += 1)}`, `made-${(made += 1)}`] as const;
  const keep = (uid: string, type: 'Private Key' | 'Public Key', set: Structure, item: Item): void => {
    const names = all(set, TAG.Name).map((name) => need(name, TAG['Name Value'], 'textString').value);
    objects.all.set(uid, { type, object: encode(item), names, date: 0n, state: 'Pre-Active' });
  };
  keep(
    uids[0],
    'Private Key',
    privateKey!,
    objectItem({ type: 'Private Key', block: { format: 'EC Private Key', material: sec1 } }),
  );
  keep(
    uids[1],
    'Public Key',
    publicKey!,
    objectItem({ type: 'Public Key', block: { format: 'X.509', material: spki } }),
  );
  return {
    payload: [
      text(TAG['Private Key Unique Identifier'], uids[0]),
      text(TAG['Public Key Unique Identifier'], uids[1]),
    ],
  };
}

/** In 2.x the attributes stand in the set as they are; `readAttributes` looks for a set. */
function attributesIn(set: Item, version: string): Structure {
  if (set.type !== 'structure') throw new Error('no set of attributes');
  return version.startsWith('2') ? set : readAttributes(set);
}
