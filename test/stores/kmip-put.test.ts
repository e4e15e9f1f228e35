import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Conflict, StoreRejected, type BrokerError } from '../../src/errors.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { readAttributes } from '../../src/ttlv/attributes.ts';
import { bytes, decode, find, integer, need, structure, type Item } from '../../src/ttlv/ttlv.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { openFake, openOn, ownCertificates, type FakeBench } from './kmip-bench.ts';
import type { FakeObject } from './kmip-fake-objects.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pkcs8 = { type: 'pkcs8', format: 'der' } as const;
const spki = { type: 'spki', format: 'der' } as const;
const derOfPem = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64');

interface Kept {
  readonly header: Partial<SecretHeader>;
  readonly payload: Buffer;
  /** The object type, and where it is a key the Cryptographic Length. */
  readonly as: string;
}

const symmetric = (algorithm: string | null): Partial<SecretHeader> => ({
  secretType: 'symmetric',
  algorithm,
});

const KEPT: Readonly<Record<string, Kept>> = {
  'an AES key': { header: symmetric('AES'), payload: randomBytes(32), as: 'Symmetric Key 256' },
  'a 3DES key': { header: symmetric('desede'), payload: randomBytes(24), as: 'Symmetric Key 168' },
  'a DES key': { header: symmetric('des'), payload: randomBytes(8), as: 'Symmetric Key 56' },
  'an HMAC key': { header: symmetric('hmac-sha256'), payload: randomBytes(33), as: 'Symmetric Key 264' },
  'an AES key of an odd length': { header: symmetric('aes'), payload: randomBytes(31), as: 'Opaque Object' },
  'a key of no algorithm': { header: symmetric(null), payload: randomBytes(32), as: 'Opaque Object' },
  'a passphrase': { header: { secretType: 'passphrase' }, payload: Buffer.from('p\0ß'), as: 'Secret Data' },
  'an RSA key as DER': {
    header: { secretType: 'private', algorithm: 'rsa' },
    payload: rsa.privateKey.export(pkcs8),
    as: 'Private Key 2048',
  },
  'an EC key as DER': {
    header: { secretType: 'private' },
    payload: ec.privateKey.export(pkcs8),
    as: 'Private Key 256',
  },
  'a public key as DER': {
    header: { secretType: 'public' },
    payload: rsa.publicKey.export(spki),
    as: 'Public Key 2048',
  },
  'a private key as PEM': {
    header: { secretType: 'private' },
    payload: Buffer.from(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    as: 'Opaque Object',
  },
  'a private key as PKCS#1': {
    header: { secretType: 'private' },
    payload: rsa.privateKey.export({ type: 'pkcs1', format: 'der' }),
    as: 'Opaque Object',
  },
  'DER with a byte after it': {
    header: { secretType: 'public' },
    payload: Buffer.concat([rsa.publicKey.export(spki), Buffer.from([0])]),
    as: 'Opaque Object',
  },
  'a certificate as DER': {
    header: { secretType: 'certificate' },
    payload: derOfPem(ownCertificates().ca),
    as: 'Certificate',
  },
  'a certificate as PEM': {
    header: { secretType: 'certificate' },
    payload: Buffer.from(ownCertificates().ca),
    as: 'Opaque Object',
  },
};

/** What an object is on the server. */
function described({ type, object }: FakeObject): string {
  const block = find(decode(Buffer.from(object)), TAG['Key Block']);
  const length = block && find(block, TAG['Cryptographic Length']);
  return length?.type === 'integer' ? `${type} ${length.value}` : type;
}

describe('kmip put', () => {
  let bench: FakeBench;
  const objects = (): readonly FakeObject[] => [...bench.server.objects.all.values()];
  afterEach(() => bench.close());

  for (const [what, { header, payload, as }] of Object.entries(KEPT)) {
    it(`keeps ${what} as ${as}, or as an opaque object where it is told to`, async () => {
      bench = await openFake();
      const opaque = await openOn(bench.server, { name: 'opaque', store: 'opaque' });
      for (const [store, expected] of [
        [bench.store, as],
        [opaque, 'Opaque Object'],
      ] as const) {
        const secret = aSecretHeader(header);
        const ref = await store.put(secret, payloadOf(payload));
        expect(described(objects().at(-1)!)).to.equal(expected);
        expect(await bytesOf(store, secret, ref)).to.deep.equal(payload);
      }
      await opaque.close();
    });
  }

  it('says of each object whose it is, by its name and nothing else', async () => {
    bench = await openFake({ namespaces: ['others'] }, { namespace: 'site-1' });
    const secret = aSecretHeader();
    await bench.store.put(secret, payloadOf('x'));
    expect(objects()[0]?.names).to.deep.equal([`site-1:fake:${secret.id}`]);
    const sent = bench.server.requests.find(({ operation }) => operation === 'Register');
    expect(find(readAttributes(sent!.payload), TAG['Application Specific Information'])).to.equal(undefined);
  });

  it('names the project where the server has our namespace, and does without where it has not after all', async () => {
    bench = await openFake({ namespaces: ['postern'] });
    bench.server.react = ({ operation, payload }) => {
      const isNamed = find(readAttributes(payload), TAG['Application Specific Information']) !== undefined;
      return operation === 'Register' && isNamed
        ? { reason: 'Application Namespace Not Supported' }
        : 'usual';
    };
    const secret = aSecretHeader();
    const ref = await bench.store.put(secret, payloadOf('x'));
    const [first] = bench.server.requests.filter(({ operation }) => operation === 'Register');
    const mark = find(readAttributes(first!.payload), TAG['Application Specific Information']);
    expect(need(mark!, TAG['Application Data'], 'textString').value).to.equal(secret.projectId);
    expect((await bytesOf(bench.store, secret, ref))?.toString()).to.equal('x');
  });

  it('keeps as an opaque object what the server refuses as a key', async () => {
    bench = await openFake();
    for (const reason of [
      'Invalid Field',
      'General Failure',
      'Unsupported Cryptographic Parameters',
    ] as const) {
      bench.server.react = ({ operation, payload }) =>
        operation === 'Register' && find(payload, TAG['Symmetric Key']) !== undefined ? { reason } : 'usual';
      const secret = aSecretHeader(symmetric('aes'));
      const ref = await bench.store.put(secret, payloadOf('sixteen bytes ok'));
      expect(described(objects().at(-1)!)).to.equal('Opaque Object');
      expect((await bytesOf(bench.store, secret, ref))?.toString()).to.equal('sixteen bytes ok');
    }
  });

  it('keeps as an opaque object what the server gives back changed, and nothing else of it', async () => {
    bench = await openFake();
    bench.server.react = (request) => {
      const outcome = request.operation === 'Get' ? bench.server.objects.answer(request) : undefined;
      return outcome !== undefined && 'payload' in outcome
        ? { payload: outcome.payload.map((item) => withParity(item)) }
        : 'usual';
    };
    const secret = aSecretHeader(symmetric('des'));
    const ref = await bench.store.put(secret, payloadOf(Buffer.alloc(8)));
    expect(objects().map(described)).to.deep.equal(['Opaque Object']);
    expect(await bytesOf(bench.store, secret, ref)).to.deep.equal(Buffer.alloc(8));
  });

  it('is refused by name where the server keeps nothing that could hold it', async () => {
    bench = await openFake({ objectTypes: ['Symmetric Key'] });
    const error = (await rejection(bench.store.put(aSecretHeader(), payloadOf('x')))) as BrokerError;
    expect(error).to.be.instanceOf(StoreRejected);
    expect(error.detail).to.contain('store "fake"');
  });

  it('takes the older of two objects that lost answers left, and destroys both', async () => {
    bench = await openFake({ uid: randomUUID });
    const secret = aSecretHeader();
    const ref = await bench.store.put(secret, payloadOf('same'));
    const [[, first]] = [...bench.server.objects.all] as [[string, FakeObject]];
    // Identifiers in no order: only the date tells. One sorts before, one after whatever came first.
    for (const uid of ['0'.repeat(36), 'f'.repeat(36)])
      bench.server.objects.all.set(uid, { ...first, date: first.date + 1n });
    expect(await bench.store.locate(secret)).to.equal(ref);
    expect(await bench.store.put(secret, payloadOf('same'))).to.equal(ref);
    expect(await rejection(bench.store.put(secret, payloadOf('other')))).to.be.instanceOf(Conflict);
    await bench.store.destroy(secret, ref);
    expect(bench.server.objects.all.size).to.equal(0);
  });

  it('gives way to an object that another process registered at the same time', async () => {
    bench = await openFake();
    const other = await openOn(bench.server);
    try {
      const secret = aSecretHeader();
      // Both look, find nothing, and only then write.
      let looking = 0;
      let go: () => void = () => undefined;
      const bothLooked = new Promise<void>((resolve) => (go = resolve));
      bench.server.react = async ({ operation }) => {
        if (operation === 'Register') {
          if ((looking += 1) === 2) go();
          await bothLooked;
        }
        return 'usual' as const;
      };
      const refs = await Promise.all([
        bench.store.put(secret, payloadOf('same')),
        other.put(secret, payloadOf('same')),
      ]);
      expect(looking).to.equal(2);
      expect(refs[0]).to.equal(refs[1]);
      expect(bench.server.objects.all.size).to.equal(1);
    } finally {
      await other.close();
    }
  });

  it('reads a private key in whatever form the server gives it, and asks for bytes where it gives numbers', async () => {
    bench = await openFake();
    const secret = aSecretHeader({ secretType: 'private' });
    const der = rsa.privateKey.export(pkcs8);
    const ref = await bench.store.put(secret, payloadOf(der));
    const block = (format: number, material: Item): Item =>
      structure(TAG['Private Key'], [
        structure(TAG['Key Block'], [
          { tag: TAG['Key Format Type'], type: 'enumeration', value: format },
          structure(TAG['Key Value'], [material]),
        ]),
      ]);
    const forms: readonly Item[] = [
      block(3, bytes(TAG['Key Material'], rsa.privateKey.export({ type: 'pkcs1', format: 'der' }))),
      block(10, structure(TAG['Key Material'], [integer(TAG.Modulus, 1)])),
    ];
    for (const form of forms) {
      bench.server.react = (request) => {
        const outcome = request.operation === 'Get' ? bench.server.objects.answer(request) : undefined;
        const isConverted = find(request.payload, TAG['Key Format Type']) !== undefined;
        if (outcome === undefined || !('payload' in outcome) || isConverted) return 'usual';
        return { payload: [...outcome.payload.slice(0, 2), form] };
      };
      expect(await bytesOf(bench.store, secret, ref)).to.deep.equal(der);
    }
  });

  it('takes no object of another identifier, and none of a type that was never put', async () => {
    bench = await openFake();
    const [secret, other] = [aSecretHeader(symmetric('aes')), aSecretHeader()];
    const ref = await bench.store.put(secret, payloadOf('sixteen bytes ok'));
    await bench.store.put(other, payloadOf('other'));
    const uids = [...bench.server.objects.all.keys()];
    bench.server.distort = (answer) => [
      Buffer.from(
        answer
          .toString('hex')
          .replace(
            `4200940700000001${Buffer.from(uids[0]!).toString('hex')}`,
            `4200940700000001${Buffer.from(uids[1]!).toString('hex')}`,
          ),
        'hex',
      ),
    ];
    expect(await rejection(bench.store.get(secret, ref))).to.be.instanceOf(StoreRejected);
    bench.server.distort = (answer) => [answer];
    const asPassword = aSecretHeader({ ...secret, secretType: 'passphrase' });
    expect(await rejection(bench.store.get(asPassword, ref))).to.have.property('status', 500);
  });
});

/** Odd parity in each byte, as a server that thinks it knows DES better may set. */
function withParity(item: Item): Item {
  if (item.type === 'byteString' && item.tag === TAG['Key Material'])
    return { ...item, value: Buffer.from(item.value.map((byte) => byte | 1)) };
  return item.type === 'structure' ? { ...item, value: item.value.map((child) => withParity(child)) } : item;
}
