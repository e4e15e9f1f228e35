import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { expect } from 'chai';
import { generateKeyPair } from '../../src/crypto/generate-key-pair.ts';
import { Payload } from '../../src/model/payload.ts';

const DATA = Buffer.from('data');
/** PBES2 (RFC 8018) and AES-256-CBC, as their object identifiers stand in DER. */
const PBES2 = Buffer.from('06092a864886f70d01050d', 'hex');
const AES_256_CBC = Buffer.from('060960864801650304012a', 'hex');

describe('a generated pair', () => {
  for (const kind of ['rsa', 'dsa'] as const) {
    for (const passphrase of [undefined, 'hush ключ', 'x'.repeat(1024)]) {
      it(`of ${kind}, with a passphrase of ${passphrase?.length ?? 0}`, async () => {
        const secret = passphrase === undefined ? undefined : Payload.copy(Buffer.from(passphrase));
        const made = await generateKeyPair(kind, 1024, secret);
        const form =
          kind === 'rsa' ? ({ format: 'pem' } as const) : ({ format: 'der', type: 'pkcs8' } as const);
        const privateKey = createPrivateKey({
          key: made.privateKey.bytes(),
          ...form,
          ...(passphrase ? { passphrase } : {}),
        });
        const publicKey = createPublicKey({
          key: made.publicKey.bytes(),
          ...(kind === 'rsa' ? { format: 'pem' } : { format: 'der', type: 'spki' }),
        });
        expect(privateKey.asymmetricKeyType).to.equal(kind);
        expect(verify('sha256', DATA, publicKey, sign('sha256', DATA, privateKey))).to.equal(true);
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
