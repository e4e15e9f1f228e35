import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { expect } from 'chai';
import { generateKeyPair } from '../../src/crypto/generate-key-pair.ts';
import { PAIR_KINDS } from '../../src/model/key-kind.ts';
import { Payload } from '../../src/model/payload.ts';

const DATA = Buffer.from('data');
/** PBES2 (RFC 8018) and AES-256-CBC, as their object identifiers stand in DER. */
const PBES2 = Buffer.from('06092a864886f70d01050d', 'hex');
const AES_256_CBC = Buffer.from('060960864801650304012a', 'hex');

describe('a generated pair', () => {
  const BITS = { rsa: 1024, dsa: 1024, ecdsa: 384, ed25519: 256 } as const;
  /** As Node calls them. */
  const TYPES = { rsa: 'rsa', dsa: 'dsa', ecdsa: 'ec', ed25519: 'ed25519' } as const;
  for (const kind of PAIR_KINDS) {
    for (const passphrase of [undefined, 'hush ключ', 'x'.repeat(1024)]) {
      it(`of ${kind}, with a passphrase of ${passphrase?.length ?? 0}`, async () => {
        const secret = passphrase === undefined ? undefined : Payload.copy(Buffer.from(passphrase));
        const made = await generateKeyPair(kind, BITS[kind], secret);
        const form =
          kind === 'dsa' ? ({ format: 'der', type: 'pkcs8' } as const) : ({ format: 'pem' } as const);
        const privateKey = createPrivateKey({
          key: made.privateKey.bytes(),
          ...form,
          ...(passphrase ? { passphrase } : {}),
        });
        const publicKey = createPublicKey({
          key: made.publicKey.bytes(),
          ...(kind === 'dsa' ? { format: 'der', type: 'spki' } : { format: 'pem' }),
        });
        expect(privateKey.asymmetricKeyType).to.equal(TYPES[kind]);
        const hash = kind === 'ed25519' ? null : 'sha256';
        expect(verify(hash, DATA, publicKey, sign(hash, DATA, privateKey))).to.equal(true);
        expect(createPublicKey(privateKey).equals(publicKey)).to.equal(true);
        const der = derOf(made.privateKey.bytes());
        for (const identifier of [PBES2, AES_256_CBC])
          expect(der.includes(identifier)).to.equal(passphrase !== undefined);
      });
    }
  }

  it('does not keep the event loop from its work', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await generateKeyPair('rsa', 4096, undefined);
    clearInterval(timer);
    expect(turns).to.be.above(10);
  });

  for (const [bits, curve] of [
    [256, 'prime256v1'],
    [384, 'secp384r1'],
  ] as const) {
    it(`of ecdsa with ${bits} bits is on ${curve}`, async () => {
      const { publicKey } = await generateKeyPair('ecdsa', bits, undefined);
      const key = createPublicKey(publicKey.bytes());
      expect(key.asymmetricKeyDetails?.namedCurve).to.equal(curve);
    });
  }

  it('is refused for a length that cannot be, as a rejection', async () => {
    const failure = await generateKeyPair('rsa', 8, undefined).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
  });
});

function derOf(key: Buffer): Buffer {
  const text = key.toString('latin1');
  if (!text.startsWith('-----')) return key;
  return Buffer.from(text.replaceAll(/-----[^-]+-----|\n/g, ''), 'base64');
}
