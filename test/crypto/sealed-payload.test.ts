import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { PayloadContext } from '../../src/crypto/aad.ts';
import { decodeSealed, encodeKekId, encodeSealed, suiteByte } from '../../src/crypto/envelope.ts';
import { dekAad, payloadAad, payloadScope } from '../../src/crypto/aad.ts';
import { seal } from '../../src/crypto/seal.ts';
import { openSealed, sealDirect, sealEnvelope, type Kek } from '../../src/crypto/sealed-payload.ts';
import { wrapKey } from '../../src/crypto/wrap.ts';
import { IntegrityError } from '../../src/errors.ts';
import { kekId, projectId, secretId } from '../../src/model/ids.ts';
import {
  CONTEXT,
  counting,
  DEK_BYTES,
  DEK_IV,
  fixed,
  KEK,
  keyOf,
  PAYLOAD,
  PAYLOAD_IV,
  SEALED_DIRECT,
  SEALED_ENVELOPE,
} from './vectors.ts';

const OTHER_KEK_ID = kekId('11111111-2222-4333-8444-555555555556');
const OTHER_KEK: Kek = {
  id: OTHER_KEK_ID,
  octets: encodeKekId(OTHER_KEK_ID),
  version: 1,
  key: keyOf(counting(0x80, 32)),
};

const ELSEWHERE: Readonly<Record<string, PayloadContext>> = {
  'another secret': { ...CONTEXT, secretId: secretId('9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6e') },
  'another project': { ...CONTEXT, projectId: projectId('f1a2b3c4d5e6478899aabbccddeeff01') },
  'another store': { ...CONTEXT, store: 'software2' },
  'a project id in other letters': { ...CONTEXT, projectId: projectId(CONTEXT.projectId.toUpperCase()) },
};

const mustNotOpen = (kek: Kek, context: PayloadContext, blob: Buffer, what?: string): void => {
  expect(() => openSealed(kek, context, blob), what)
    .to.throw(IntegrityError)
    .with.property('message', '');
};

describe('known answers of sealed payloads', () => {
  it('profile E', () => {
    const blob = sealEnvelope(KEK, CONTEXT, PAYLOAD, fixed(DEK_BYTES, DEK_IV, PAYLOAD_IV));
    expect(blob).to.deep.equal(SEALED_ENVELOPE);
    expect(openSealed(KEK, CONTEXT, SEALED_ENVELOPE)).to.deep.equal(PAYLOAD);
  });

  it('profile D', () => {
    expect(sealDirect(KEK, CONTEXT, PAYLOAD, fixed(PAYLOAD_IV))).to.deep.equal(SEALED_DIRECT);
    expect(openSealed(KEK, CONTEXT, SEALED_DIRECT)).to.deep.equal(PAYLOAD);
  });
});

for (const [profile, known, sealWith] of [
  ['E', SEALED_ENVELOPE, sealEnvelope],
  ['D', SEALED_DIRECT, sealDirect],
] as const) {
  describe(`a sealed payload of profile ${profile}`, () => {
    it('gives payloads of any size back', () => {
      for (const size of [0, 1, 15, 16, 17, 20_000, 1_048_576]) {
        const payload = randomBytes(size);
        expect(openSealed(KEK, CONTEXT, sealWith(KEK, CONTEXT, payload)).equals(payload), `${size}`).to.equal(
          true,
        );
      }
    });

    it('never comes out the same twice', () => {
      const blobs = Array.from({ length: 50 }, () => sealWith(KEK, CONTEXT, PAYLOAD));
      expect(new Set(blobs.map((blob) => decodeSealed(blob).iv.toString('hex'))).size).to.equal(50);
    });

    it('does not open with any one bit changed', () => {
      for (let bit = 0; bit < known.length * 8; bit += 1) {
        const blob = Buffer.from(known);
        blob[bit >> 3] = (blob[bit >> 3] as number) ^ (1 << (bit & 7));
        mustNotOpen(KEK, CONTEXT, blob, `bit ${bit}`);
      }
    });

    it('does not open when cut off anywhere', () => {
      for (let length = 0; length < known.length; length += 1)
        mustNotOpen(KEK, CONTEXT, known.subarray(0, length));
    });

    it('does not open with a byte added', () => {
      mustNotOpen(KEK, CONTEXT, Buffer.concat([known, Buffer.from([0])]));
      mustNotOpen(KEK, CONTEXT, Buffer.concat([Buffer.from([0]), known]));
    });

    for (const [where, context] of Object.entries(ELSEWHERE)) {
      it(`does not open as one of ${where}`, () => {
        mustNotOpen(KEK, context, known);
      });
    }

    it('does not open with another KEK, nor with another one of the same id', () => {
      mustNotOpen(OTHER_KEK, CONTEXT, known);
      mustNotOpen({ ...OTHER_KEK, id: KEK.id, octets: KEK.octets }, CONTEXT, known);
      mustNotOpen({ ...KEK, id: OTHER_KEK.id, octets: OTHER_KEK.octets }, CONTEXT, known);
    });
  });
}

describe('parts of sealed payloads put together anew', () => {
  const other = { ...CONTEXT, secretId: secretId('00000000-0000-4000-8000-000000000001') };
  const [ours, theirs] = [sealEnvelope(KEK, CONTEXT, PAYLOAD), sealEnvelope(KEK, other, PAYLOAD)].map(
    decodeSealed,
  );
  if (ours === undefined || theirs === undefined) throw new Error('two payloads were sealed');

  it('does not open with the data key of another secret', () => {
    const mixed = encodeSealed('gcm', KEK.octets, { ...ours, wrappedDek: theirs.wrappedDek });
    mustNotOpen(KEK, CONTEXT, mixed);
    mustNotOpen(KEK, other, mixed);
  });

  it('does not open with the content of another secret', () => {
    mustNotOpen(KEK, CONTEXT, encodeSealed('gcm', KEK.octets, { ...theirs, wrappedDek: ours.wrappedDek }));
  });

  it('does not open with an IV or a tag of its own kind from elsewhere', () => {
    mustNotOpen(KEK, CONTEXT, encodeSealed('gcm', KEK.octets, { ...ours, iv: theirs.iv }));
    mustNotOpen(KEK, CONTEXT, encodeSealed('gcm', KEK.octets, { ...ours, tag: theirs.tag }));
  });

  it('does not open content of profile E under profile D, nor the reverse', () => {
    const empty = Buffer.alloc(0);
    mustNotOpen(KEK, CONTEXT, encodeSealed('none', KEK.octets, { ...ours, wrappedDek: empty }));
    const direct = decodeSealed(sealDirect(KEK, CONTEXT, PAYLOAD));
    mustNotOpen(KEK, CONTEXT, encodeSealed('gcm', KEK.octets, { ...direct, wrappedDek: ours.wrappedDek }));
  });

  it('profile D does not open under another version of its KEK', () => {
    mustNotOpen({ ...KEK, version: 2 }, CONTEXT, SEALED_DIRECT);
  });

  it('profile E does not care for the version: a data key moves to a new KEK without its payload', () => {
    const scope = payloadScope(CONTEXT);
    const aad = dekAad(scope, OTHER_KEK.octets, suiteByte('gcm'));
    const wrappedDek = wrapKey('gcm', OTHER_KEK, aad, DEK_BYTES, DEK_IV);
    const moved = encodeSealed('gcm', OTHER_KEK.octets, { ...decodeSealed(SEALED_ENVELOPE), wrappedDek });
    expect(openSealed({ ...OTHER_KEK, version: 9 }, CONTEXT, moved)).to.deep.equal(PAYLOAD);
  });

  it('opens a data key wrapped by KWP, and refuses one that is no AES-256 key', () => {
    const scope = payloadScope(CONTEXT);
    const sealed = seal(DEK_BYTES, PAYLOAD_IV, payloadAad(scope, 1, PAYLOAD.length), PAYLOAD);
    const blobWith = (dek: Buffer): Buffer => {
      const wrappedDek = wrapKey('kwp', KEK, Buffer.alloc(0), dek, Buffer.alloc(0));
      return encodeSealed('kwp', KEK.octets, { wrappedDek, iv: PAYLOAD_IV, ...sealed });
    };
    expect(openSealed(KEK, CONTEXT, blobWith(DEK_BYTES))).to.deep.equal(PAYLOAD);
    mustNotOpen(KEK, CONTEXT, blobWith(DEK_BYTES.subarray(0, 31)));
  });
});

describe('secret bytes in memory', () => {
  it('opens into a buffer that no pool shares', () => {
    const opened = openSealed(KEK, CONTEXT, SEALED_ENVELOPE);
    expect(opened.buffer.byteLength).to.equal(opened.length);
  });

  it('wipes the data key and what was drawn for it', () => {
    const seen: Buffer[] = [];
    sealEnvelope(KEK, CONTEXT, PAYLOAD, (target) => {
      target.fill(0x5a);
      seen.push(target);
    });
    expect(seen).to.have.length(1);
    expect(seen[0]?.every((octet) => octet === 0)).to.equal(true);
  });

  it('leaves payload and blob as they were', () => {
    const [payload, blob] = [Buffer.from(PAYLOAD), Buffer.from(SEALED_ENVELOPE)];
    sealEnvelope(KEK, CONTEXT, payload);
    openSealed(KEK, CONTEXT, blob);
    expect(payload).to.deep.equal(PAYLOAD);
    expect(blob).to.deep.equal(SEALED_ENVELOPE);
  });
});
