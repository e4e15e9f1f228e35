import { expect } from 'chai';
import * as enums from '../../src/ttlv/enums.ts';
import * as keyEnums from '../../src/ttlv/key-enums.ts';
import { codeOf, nameOf } from '../../src/ttlv/table.ts';
import { TAG } from '../../src/ttlv/tags.ts';

/** The last of each run and those after a gap: a name too many or too few before them moves them. */
const ANCHORS: readonly (readonly [names: Readonly<Record<string, number>>, name: string, code: number])[] = [
  [TAG, 'Activation Date', 0x420001],
  [TAG, 'Batch Item', 0x42000f],
  [TAG, 'Password', 0x4200a1],
  [TAG, 'Device Identifier', 0x4200a2],
  [TAG, 'X.509 Certificate Subject', 0x4200b7],
  [TAG, 'Attestation Capable Indicator', 0x4200d3],
  [TAG, 'Client Registration Method', 0x4200f6],
  [TAG, 'Never Extractable', 0x420123],
  [TAG, 'Short Unique Identifier', 0x420136],
  [TAG, 'Tag', 0x420138],
  [TAG, 'New Attribute', 0x42013d],
  [TAG, 'Certificate Request Value', 0x420140],
  [TAG, 'Public Protection Storage Masks', 0x420165],
  [TAG, 'Asynchronous Correlation Values', 0x420176],
  [enums.OPERATION, 'Put', 0x1c],
  [enums.OPERATION, 'Discover Versions', 0x1e],
  [enums.OPERATION, 'Join Split Key', 0x29],
  [enums.OPERATION, 'Ping', 0x3b],
  [enums.OBJECT_TYPE, 'Certificate Request', 0x0a],
  [enums.RESULT_REASON, 'Permission Denied', 0x0c],
  [enums.RESULT_REASON, 'Attestation Failed', 0x15],
  [enums.RESULT_REASON, 'Object Already Exists', 0x18],
  [enums.RESULT_REASON, 'Codec Error', 0x26],
  [enums.RESULT_REASON, 'Illegal Object Type', 0x28],
  [enums.RESULT_REASON, 'Invalid Object Type', 0x30],
  [enums.RESULT_REASON, 'Key Wrap Type Not Supported', 0x32],
  [enums.RESULT_REASON, 'Object Not Found', 0x37],
  [enums.RESULT_REASON, 'Not Authorised', 0x39],
  [enums.RESULT_REASON, 'Unsupported Protocol Version', 0x3f],
  [enums.RESULT_REASON, 'Wrong Key Lifecycle State', 0x43],
  [enums.RESULT_REASON, 'Duplicate Process Request', 0x4c],
  [enums.RESULT_REASON, 'General Failure', 0x100],
  [enums.QUERY_FUNCTION, 'Storage Protection Masks', 0x0e],
  [enums.LINK_TYPE, 'Wrapping Key Link', 0x10e],
  [enums.UNIQUE_IDENTIFIER, 'Re-key Key Pair Public Key', 0x11],
  [enums.STATE, 'Destroyed Compromised', 6],
  [enums.REVOCATION_REASON, 'Privilege Withdrawn', 7],
  [enums.CREDENTIAL_TYPE, 'Ticket', 6],
  [keyEnums.CRYPTOGRAPHIC_ALGORITHM, 'ECMQV', 0x0f],
  [keyEnums.CRYPTOGRAPHIC_ALGORITHM, 'EC', 0x1a],
  [keyEnums.CRYPTOGRAPHIC_ALGORITHM, 'ChaCha20Poly1305', 0x1e],
  [keyEnums.CRYPTOGRAPHIC_ALGORITHM, 'SHAKE-256', 0x28],
  [keyEnums.CRYPTOGRAPHIC_ALGORITHM, 'Ed448', 0x38],
  [keyEnums.KEY_FORMAT_TYPE, 'Transparent Symmetric Key', 7],
  [keyEnums.KEY_FORMAT_TYPE, 'Transparent ECMQV Public Key', 0x13],
  [keyEnums.KEY_FORMAT_TYPE, 'PKCS#10', 0x17],
  [keyEnums.BLOCK_CIPHER_MODE, 'AEAD', 0x12],
  [keyEnums.HASHING_ALGORITHM, 'SHA3-512', 0x11],
  [keyEnums.DIGITAL_SIGNATURE_ALGORITHM, 'ECDSA with SHA512', 0x10],
  [keyEnums.RECOMMENDED_CURVE, 'P-521', 0x0d],
  [keyEnums.RECOMMENDED_CURVE, 'SECP256K1', 0x19],
  [keyEnums.RECOMMENDED_CURVE, 'BRAINPOOLP512T1', 0x44],
  [keyEnums.RECOMMENDED_CURVE, 'CURVE448', 0x46],
];

describe('the names of the standard', () => {
  for (const [names, name, code] of ANCHORS) {
    it(`has ${name} at ${code.toString(16)}`, () => {
      expect(names[name]).to.equal(code);
      expect(nameOf(names, code)).to.equal(name);
    });
  }

  it('gives no number to two names', () => {
    for (const [table, names] of Object.entries({ TAG, ...enums, ...keyEnums })) {
      if (typeof names !== 'object') continue;
      const codes = Object.values(names);
      expect(new Set(codes).size, table).to.equal(codes.length);
    }
    expect(Object.keys(TAG)).to.have.length(371);
  });

  it('has bits that are bits', () => {
    for (const bits of [keyEnums.USAGE, enums.STORAGE_STATUS, enums.PROTECTION_STORAGE])
      expect(Object.values(bits)).to.deep.equal(Object.values(bits).map((_, at) => 2 ** at));
  });

  it('knows no name that is not its own', () => {
    for (const name of ['constructor', '__proto__', 'hasOwnProperty', 'no such tag', ''])
      expect(codeOf(TAG, name)).to.equal(undefined);
    expect(nameOf(TAG, 0x420137)).to.equal(undefined);
    expect(nameOf(enums.RESULT_REASON, 0x27)).to.equal(undefined);
  });
});
