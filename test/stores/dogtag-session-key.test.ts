import {
  constants,
  createDecipheriv,
  generateKeyPairSync,
  privateDecrypt,
  createCipheriv,
} from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { newRecoveryKey, sealForTransport } from '../../backends/dogtag/session-key.ts';
import { IntegrityError } from '../../src/errors.ts';

/** Short payloads, and such that end like padding. */
const payloads = fc
  .tuple(fc.uint8Array({ maxLength: 64 }), fc.nat(17), fc.nat(17))
  .map(([bytes, value, count]) => Buffer.concat([bytes, Buffer.alloc(count, value)]));

describe('session keys for a KRA', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const oaep = { key: publicKey, wrap: 'rsa-oaep' } as const;
  const unwrap = (wrapped: string): Buffer =>
    privateDecrypt(
      { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      Buffer.from(wrapped, 'base64'),
    );
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64');

  it('seal any bytes so that the KRA reads them, each time differently', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const sealed = sealForTransport(oaep, payload);
        const decipher = createDecipheriv('aes-128-cbc', unwrap(sealed.wrappedKey), bytes(sealed.iv));
        const back = Buffer.concat([decipher.update(bytes(sealed.sealed)), decipher.final()]);
        expect(back.equals(payload)).to.equal(true);
        expect(sealForTransport(oaep, payload).sealed).not.to.equal(sealed.sealed);
      }),
      { numRuns: 500 },
    );
  });

  it('open what the KRA sealed for them, whatever it ends with', () => {
    fc.assert(
      fc.property(payloads, fc.uint8Array({ minLength: 16, maxLength: 16 }), (payload, iv) => {
        const key = newRecoveryKey(oaep);
        const cipher = createCipheriv('aes-128-cbc', unwrap(key.wrappedKey), iv);
        const sealed = Buffer.concat([cipher.update(payload), cipher.final()]).toString('base64');
        expect(key.open(sealed, Buffer.from(iv).toString('base64')).equals(payload)).to.equal(true);
        key.wipe();
      }),
      { numRuns: 500 },
    );
  });

  it('wrap as the KRA is set: PKCS#1 v1.5 is another form than OAEP', () => {
    const { wrappedKey } = sealForTransport({ key: publicKey, wrap: 'rsa-pkcs1' }, Buffer.from('x'));
    const block = privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, bytes(wrappedKey));
    expect([...block.subarray(0, 2)]).to.deep.equal([0, 2]);
    expect(() => unwrap(wrappedKey)).to.throw();
  });

  it('open nothing once they are wiped, nor what has no whole blocks', () => {
    const key = newRecoveryKey(oaep);
    const cipher = createCipheriv('aes-128-cbc', unwrap(key.wrappedKey), Buffer.alloc(16)).setAutoPadding(
      false,
    );
    const sealed = cipher.update(Buffer.alloc(16)).toString('base64');
    const iv = Buffer.alloc(16).toString('base64');
    expect(() => key.open(sealed, iv), 'padding').to.throw(IntegrityError);
    for (const [text, vector] of [
      ['', iv],
      ['AAAA', iv],
      [sealed, ''],
      [sealed, 'AAAA'],
    ] as const)
      expect(() => key.open(text, vector), 'length').to.throw(IntegrityError);
  });
});
