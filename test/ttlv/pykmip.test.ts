import { expect } from 'chai';
import {
  algorithm,
  applicationData,
  keyLength,
  objectGroup,
  objectName,
  usageMask,
} from '../../src/ttlv/attributes.ts';
import * as enums from '../../src/ttlv/enums.ts';
import * as keyEnums from '../../src/ttlv/key-enums.ts';
import { type Request, requestMessage, responseMessage } from '../../src/ttlv/messages.ts';
import { type ManagedObject, objectItem } from '../../src/ttlv/objects.ts';
import {
  activateRequest,
  createKeyPairRequest,
  createRequest,
  destroyRequest,
  discoverVersionsRequest,
  getAttributesRequest,
  getRequest,
  locateRequest,
  queryRequest,
  registerRequest,
  revokeRequest,
} from '../../src/ttlv/requests.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import { decode, encode, enumeration, text } from '../../src/ttlv/ttlv.ts';
import { isAtLeast, type Version, VERSIONS } from '../../src/ttlv/versions.ts';
import { type Names, pykmipAbsent, pykmipTables, throughPykmip } from './pykmip.ts';
import { REQUESTS } from './request-vectors.ts';
import { RESPONSES } from './response-vectors.ts';

const absent = pykmipAbsent();
const BYTES = Buffer.from('0102030405060708', 'hex');

const OBJECTS: readonly ManagedObject[] = [
  { type: 'Symmetric Key', block: { format: 'Raw', material: BYTES, algorithm: 'AES', length: 64 } },
  { type: 'Private Key', block: { format: 'PKCS#8', material: BYTES, algorithm: 'RSA', length: 2048 } },
  { type: 'Public Key', block: { format: 'X.509', material: BYTES, algorithm: 'EC', length: 256 } },
  { type: 'Secret Data', dataType: 'Password', block: { format: 'Opaque', material: BYTES } },
  { type: 'Certificate', certificateType: 'X.509', value: BYTES },
  { type: 'Opaque Object', dataType: enums.OPAQUE_DATA_NONE, value: BYTES },
];
const ATTRIBUTES = [
  objectName('kb:test:9b1deb4d'),
  usageMask(['Encrypt', 'Decrypt']),
  objectGroup('a group'),
  applicationData('kb', 'a project'),
];
const AES = { type: 'Symmetric Key', attributes: [algorithm('AES'), keyLength(256), ...ATTRIBUTES] } as const;
const PAIR = {
  common: [algorithm('RSA'), keyLength(2048)],
  privateKey: [objectName('private'), usageMask(['Sign'])],
  publicKey: [objectName('public'), usageMask(['Verify'])],
};

/** Everything that can be asked in a version. */
const requests = (version: Version): readonly Request[] => [
  ...(isAtLeast(version, '1.1') ? [discoverVersionsRequest(['1.4', '1.2'])] : []),
  queryRequest(['Operations', 'Objects', 'Server Information', 'Application Namespaces']),
  ...OBJECTS.map((object) => registerRequest(version, { object, attributes: ATTRIBUTES })),
  createRequest(version, AES),
  ...(isAtLeast(version, '2.0') ? [createRequest(version, { ...AES, protection: ['Hardware'] })] : []),
  createKeyPairRequest(version, PAIR),
  getRequest('1'),
  getRequest('1', { format: 'PKCS#8' }),
  locateRequest(version, { attributes: [objectName('kb:test:9b1deb4d')], maximumItems: 2, offset: 1 }),
  activateRequest('12345678'),
  revokeRequest('1', 'Cessation of Operation', 'no longer needed'),
  destroyRequest('1'),
  getAttributesRequest(version, '1', ['State', 'Name']),
];

/** It speaks no 2.1. */
const SPOKEN = VERSIONS.filter((version) => version !== '2.1');
const HEADER = {
  credential: { type: 'Username and Password', username: 'admin', password: 's3cret' },
  maximumResponseSize: 1_048_576,
} as const;

/** Our tables by its names for them. */
const TABLES: Readonly<Record<string, Names>> = {
  Tags: TAG,
  ObjectType: enums.OBJECT_TYPE,
  Operation: enums.OPERATION,
  ResultStatus: enums.RESULT_STATUS,
  ResultReason: enums.RESULT_REASON,
  State: enums.STATE,
  RevocationReasonCode: enums.REVOCATION_REASON,
  QueryFunction: enums.QUERY_FUNCTION,
  CredentialType: enums.CREDENTIAL_TYPE,
  NameType: enums.NAME_TYPE,
  SecretDataType: enums.SECRET_DATA_TYPE,
  CertificateType: enums.CERTIFICATE_TYPE,
  LinkType: enums.LINK_TYPE,
  BatchErrorContinuationOption: enums.BATCH_ERROR_CONTINUATION,
  ObjectGroupMember: enums.OBJECT_GROUP_MEMBER,
  UniqueIdentifier: enums.UNIQUE_IDENTIFIER,
  StorageStatusMask: enums.STORAGE_STATUS,
  ProtectionStorageMask: enums.PROTECTION_STORAGE,
  CryptographicAlgorithm: keyEnums.CRYPTOGRAPHIC_ALGORITHM,
  CryptographicUsageMask: keyEnums.USAGE,
  KeyFormatType: keyEnums.KEY_FORMAT_TYPE,
  BlockCipherMode: keyEnums.BLOCK_CIPHER_MODE,
  PaddingMethod: keyEnums.PADDING_METHOD,
  HashingAlgorithm: keyEnums.HASHING_ALGORITHM,
  DigitalSignatureAlgorithm: keyEnums.DIGITAL_SIGNATURE_ALGORITHM,
  WrappingMethod: keyEnums.WRAPPING_METHOD,
  EncodingOption: keyEnums.ENCODING_OPTION,
  KeyWrapType: keyEnums.KEY_WRAP_TYPE,
  KeyCompressionType: keyEnums.KEY_COMPRESSION_TYPE,
  RecommendedCurve: keyEnums.RECOMMENDED_CURVE,
};

/** Where it has a name of its own, or two: its tags that mean none, a curve that it misspells. */
const ITS_OWN = new Set([
  'Tags.DEFAULT',
  'Tags.REQUEST_BATCH_ITEM',
  'Tags.RESPONSE_BATCH_ITEM',
  'Tags.RESERVED',
  'ObjectType.OPAQUE_DATA',
  'CryptographicAlgorithm.TRIPLE_DES',
  'RecommendedCurve.SECP191K1',
]);
const letters = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .replace(/^query(?=.)|storage$/, '');

(absent === undefined ? describe : describe.skip)(
  `PyKMIP's codec${absent === undefined ? '' : `: ${absent}`}`,
  () => {
    it('reads the vectors and writes the same bytes', () => {
      const messages = [...REQUESTS, ...RESPONSES].filter(({ value }) =>
        [TAG['Request Message'], TAG['Response Message']].includes(value.tag),
      );
      const verdicts = throughPykmip(
        messages.map(({ value, bytes }) => [
          value.tag === TAG['Request Message'] ? 'request' : 'response',
          bytes,
        ]),
      );
      expect(verdicts).to.deep.equal(messages.map(({ bytes }) => ({ bytes: bytes.toString('hex') })));
    });

    for (const version of SPOKEN) {
      it(`reads every request of ${version} and writes the same bytes`, () => {
        const messages = requests(version).map((request) =>
          encode(requestMessage({ version, ...HEADER }, request)),
        );
        const verdicts = throughPykmip(messages.map((bytes) => ['request', bytes]));
        expect(verdicts).to.deep.equal(messages.map((bytes) => ({ bytes: bytes.toString('hex') })));
      });

      it(`reads every object in a response of ${version}, and what it writes we read`, () => {
        const messages = OBJECTS.map((object) =>
          responseMessage({
            version,
            timeStamp: 1_700_000_000n,
            operation: 'Get',
            status: 'Success',
            payload: [
              enumeration(TAG['Object Type'], enums.OBJECT_TYPE[object.type]),
              text(TAG['Unique Identifier'], '9b1deb4d'),
              objectItem(object),
            ],
          }),
        );
        const verdicts = throughPykmip(messages.map((message) => ['response', encode(message)]));
        expect(
          verdicts.map(({ bytes, refused }) => refused ?? decode(Buffer.from(bytes ?? '', 'hex'))),
        ).to.deep.equal(messages);
      });
    }

    it('has our numbers for its names', () => {
      const theirs = pykmipTables();
      const differ = Object.entries(TABLES).flatMap(([table, ours]) => {
        const numbers = new Map(Object.entries(ours).map(([name, code]) => [letters(name), code]));
        return Object.entries(theirs[table] ?? { [`no ${table}`]: -1 })
          .filter(([name, code]) => !ITS_OWN.has(`${table}.${name}`) && numbers.get(letters(name)) !== code)
          .map(([name, code]) => `${table}.${name} = ${code.toString(16)}`);
      });
      expect(differ).to.deep.equal([]);
    });
  },
);
