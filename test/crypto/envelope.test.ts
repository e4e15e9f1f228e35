import { expect } from 'chai';
import { directAad, kekAad, payloadScope } from '../../src/crypto/aad.ts';
import {
  CONTENT_GCM,
  decodeSealed,
  decodeWrappedKek,
  encodeKekId,
  encodeSealed,
  encodeWrappedKek,
} from '../../src/crypto/envelope.ts';
import { unwrapKey, wrapKey } from '../../src/crypto/wrap.ts';
import { IntegrityError, InternalError } from '../../src/errors.ts';
import { kekId } from '../../src/model/ids.ts';
import {
  CONTEXT,
  hex,
  KEK,
  KEK_BYTES,
  KEK_ID,
  KEK_IV,
  MAC_KEY,
  PAYLOAD,
  PAYLOAD_IV,
  ROOT_KEY,
  ROOT_KEY_NAME,
  SEALED_DIRECT,
  SEALED_ENVELOPE,
  WRAPPED_KEK_GCM,
  WRAPPED_KEK_KWP_MAC,
} from './vectors.ts';

const KEYS = { key: ROOT_KEY, mac: MAC_KEY };
const AAD = kekAad({ ...CONTEXT, id: KEK.octets, version: 1 }, ROOT_KEY_NAME);

/** The vector with some bytes replaced. */
function edited(bytes: Buffer, at: number, ...values: readonly number[]): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(values, at);
  return copy;
}

const join = (...parts: readonly (Buffer | string)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? hex(part) : part)));

describe('the layout of a wrapped KEK', () => {
  for (const [suite, known] of [
    ['gcm', WRAPPED_KEK_GCM],
    ['kwp-mac', WRAPPED_KEK_KWP_MAC],
  ] as const) {
    it(`meets the known answer of suite ${suite}`, () => {
      const wrapped = wrapKey(suite, KEYS, AAD, KEK_BYTES, KEK_IV);
      expect(encodeWrappedKek({ suite, rootKey: ROOT_KEY_NAME, wrapped })).to.deep.equal(known);
    });

    it(`gives the KEK of suite ${suite} back`, () => {
      const decoded = decodeWrappedKek(known);
      expect(decoded).to.include({ suite, rootKey: ROOT_KEY_NAME });
      expect(unwrapKey(suite, KEYS, AAD, decoded.wrapped)).to.deep.equal(KEK_BYTES);
    });
  }

  const REFUSED: Readonly<Record<string, Buffer>> = {
    'no bytes': Buffer.alloc(0),
    'the magic alone': WRAPPED_KEK_GCM.subarray(0, 4),
    'a header alone': WRAPPED_KEK_GCM.subarray(0, 6),
    'the magic of a payload': edited(WRAPPED_KEK_GCM, 2, 0x50),
    'a later version': edited(WRAPPED_KEK_GCM, 3, 0x32),
    'suite 00, which wraps nothing': edited(WRAPPED_KEK_GCM, 4, 0x00),
    'an unknown suite': edited(WRAPPED_KEK_GCM, 4, 0x06),
    'the highest suite': edited(WRAPPED_KEK_GCM, 4, 0xff),
    'a suite of another length': edited(WRAPPED_KEK_GCM, 4, 0x05),
    'a name of no length': edited(WRAPPED_KEK_GCM, 5, 0),
    'a shorter name': edited(WRAPPED_KEK_GCM, 5, 10),
    'a longer name': edited(WRAPPED_KEK_GCM, 5, 12),
    'a name past the end': edited(WRAPPED_KEK_GCM, 5, 255),
    'a name that is not UTF-8': edited(WRAPPED_KEK_GCM, 6, 0xff),
    'one byte less': WRAPPED_KEK_GCM.subarray(0, -1),
    'one byte more': join(WRAPPED_KEK_GCM, '00'),
    'transit text without its prefix': join('4b424b31 04 01 61', Buffer.from('hello:v1:AAAA')),
    'transit text without end': join('4b424b31 04 01 61', Buffer.from(`vault:v1:${'A'.repeat(1100)}`)),
  };
  for (const [what, bytes] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, () => {
      expect(() => decodeWrappedKek(bytes)).to.throw(IntegrityError);
    });
  }

  it('takes the forms of keys that devices wrap', () => {
    const transit = join('4b424b31 04 01 61', Buffer.from('vault:v12:AAAA'));
    expect(decodeWrappedKek(transit)).to.include({ suite: 'transit', rootKey: 'a' });
    expect(decodeWrappedKek(edited(WRAPPED_KEK_GCM, 4, 0x03)).suite).to.equal('gcm-token');
  });

  it('encodes no root key name that its length byte cannot hold', () => {
    const wrapped = Buffer.alloc(60);
    expect(() => encodeWrappedKek({ suite: 'gcm', rootKey: 'é'.repeat(128), wrapped })).to.throw(
      IntegrityError,
    );
    expect(() => encodeWrappedKek({ suite: 'gcm', rootKey: '', wrapped })).to.throw(IntegrityError);
    const longest = 'r'.repeat(255);
    const decoded = decodeWrappedKek(encodeWrappedKek({ suite: 'gcm', rootKey: longest, wrapped }));
    expect(decoded.rootKey).to.equal(longest);
  });
});

describe('the layout of a sealed payload', () => {
  it('decodes the known answer of profile E into its parts, and encodes them again', () => {
    const sealed = decodeSealed(SEALED_ENVELOPE);
    expect(sealed).to.include({ suite: 'gcm', kekId: KEK_ID });
    expect(sealed.wrappedDek).to.have.length(60);
    expect(sealed.iv).to.deep.equal(PAYLOAD_IV);
    expect(sealed.ciphertext).to.have.length(PAYLOAD.length);
    expect(encodeSealed('gcm', KEK.octets, sealed)).to.deep.equal(SEALED_ENVELOPE);
  });

  it('decodes the known answer of profile D', () => {
    const sealed = decodeSealed(SEALED_DIRECT);
    expect(sealed).to.include({ suite: 'none', kekId: KEK_ID });
    expect(sealed.wrappedDek).to.have.length(0);
    expect(encodeSealed('none', KEK.octets, sealed)).to.deep.equal(SEALED_DIRECT);
  });

  const REFUSED: Readonly<Record<string, Buffer>> = {
    'no bytes': Buffer.alloc(0),
    'the magic alone': SEALED_ENVELOPE.subarray(0, 4),
    'a header alone': SEALED_DIRECT.subarray(0, 24),
    'a header cut off': SEALED_ENVELOPE.subarray(0, 23),
    'less than an IV and a tag': SEALED_DIRECT.subarray(0, 51),
    'the magic of a KEK': edited(SEALED_ENVELOPE, 2, 0x4b),
    'a later version': edited(SEALED_ENVELOPE, 3, 0x32),
    'an unknown content suite': edited(SEALED_ENVELOPE, 4, 0x02),
    'no content suite': edited(SEALED_ENVELOPE, 4, 0x00),
    'an unknown wrap suite': edited(SEALED_ENVELOPE, 5, 0x06),
    'profile E presented as D': edited(SEALED_ENVELOPE, 5, 0x00),
    'profile D presented as E': edited(SEALED_DIRECT, 5, 0x01),
    'profile D with a data key': edited(SEALED_ENVELOPE, 5, 0x00, 0x00, 0x3c),
    'profile E without a data key': edited(SEALED_ENVELOPE, 5, 0x01, 0x00, 0x00),
    'a data key one byte short': edited(SEALED_ENVELOPE, 6, 0x00, 0x3b),
    'a data key one byte long': edited(SEALED_ENVELOPE, 6, 0x00, 0x3d),
    'a data key larger than the blob': edited(SEALED_ENVELOPE, 6, 0xff, 0xff),
    'a data key up to the last byte': edited(SEALED_ENVELOPE, 6, 0x00, 0x74),
    'a data key of another suite': edited(SEALED_ENVELOPE, 5, 0x02),
    'a transit data key without its prefix': edited(SEALED_ENVELOPE, 5, 0x04),
  };
  for (const [what, bytes] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, () => {
      expect(() => decodeSealed(bytes)).to.throw(IntegrityError);
    });
  }

  it('encodes only a KEK id that is a UUID', () => {
    for (const id of [
      '',
      '11111111-2222-4333-8444-55555555555',
      '11111111222243338444555555555555',
      '../..',
    ]) {
      expect(() => encodeKekId(kekId(id)), id).to.throw(IntegrityError);
    }
  });
});

describe('associated data', () => {
  it('meets the known answer of profile D', () => {
    const aad = directAad(payloadScope(CONTEXT), { id: KEK.octets, version: 1 }, CONTENT_GCM, PAYLOAD.length);
    const known = join(
      '6b622f6469726563742f3100 0008',
      Buffer.from('software'),
      '0020',
      Buffer.from(CONTEXT.projectId),
      '0024',
      Buffer.from(CONTEXT.secretId),
      '11111111222243338444555555555555 00000001 01 000000000000001c',
    );
    expect(known).to.have.length(123);
    expect(aad).to.deep.equal(known);
  });

  it('tells apart texts whose concatenation is the same', () => {
    const one = payloadScope({ ...CONTEXT, store: 'ab', projectId: 'c' as never });
    const other = payloadScope({ ...CONTEXT, store: 'a', projectId: 'bc' as never });
    expect(one.equals(other)).to.equal(false);
  });

  it('counts bytes, not characters', () => {
    const scope = payloadScope({ store: 'é', projectId: '' as never, secretId: '' as never });
    expect(scope).to.deep.equal(hex('0002 c3a9 0000 0000'));
  });

  it('takes no text that its length field cannot hold', () => {
    const store = 's'.repeat(0x1_0000);
    expect(() => payloadScope({ ...CONTEXT, store })).to.throw(InternalError);
  });
});
