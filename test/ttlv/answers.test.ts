import { expect } from 'chai';
import {
  readCreate,
  readCreateKeyPair,
  readDiscoverVersions,
  readGet,
  readGetAttributes,
  readIdentifier,
  readLocate,
  readQuery,
} from '../../src/ttlv/answers.ts';
import {
  applicationData,
  attributeItems,
  attributeSet,
  customAttribute,
  objectGroup,
  objectName,
  objectType,
  readAttributes,
  usageMask,
} from '../../src/ttlv/attributes.ts';
import { OBJECT_TYPE, OPERATION, STATE } from '../../src/ttlv/enums.ts';
import { keyBytes } from '../../src/ttlv/key-block.ts';
import { KEY_FORMAT_TYPE } from '../../src/ttlv/key-enums.ts';
import { type ManagedObject, objectItem, readObject } from '../../src/ttlv/objects.ts';
import { discoverVersionsRequest } from '../../src/ttlv/requests.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import {
  all,
  bigInteger,
  bytes,
  decode,
  encode,
  enumeration,
  find,
  integer,
  type Item,
  structure,
  type Structure,
  text,
  TtlvError,
  typed,
} from '../../src/ttlv/ttlv.ts';
import { VERSIONS } from '../../src/ttlv/versions.ts';
import { response, TRIPLE_DES } from './response-vectors.ts';

/** A payload, there and back. */
const payload = (...items: readonly Item[]): Structure =>
  typed(decode(encode(structure(TAG['Response Payload'], items))), 'structure');
const uid = (id: string): Item => text(TAG['Unique Identifier'], id);
const BYTES = Buffer.from('00ff10', 'hex');

const OBJECTS: readonly ManagedObject[] = [
  TRIPLE_DES,
  { type: 'Private Key', block: { format: 'PKCS#8', material: BYTES, algorithm: 'EC', length: 256 } },
  { type: 'Public Key', block: { format: 'X.509', material: BYTES, algorithm: 'RSA', length: 2048 } },
  { type: 'Secret Data', dataType: 'Seed', block: { format: 'Raw', material: BYTES } },
  { type: 'Certificate', certificateType: 'X.509', value: BYTES },
  { type: 'Opaque Object', dataType: 0x8000_0000, value: BYTES },
  { type: 'Opaque Object', dataType: 0xffff_ffff, value: Buffer.alloc(0) },
  {
    type: 'Symmetric Key',
    block: {
      format: 'Transparent Symmetric Key',
      material: structure(TAG['Key Material'], [bytes(TAG.Key, BYTES)]),
    },
  },
  {
    type: 'Private Key',
    block: {
      format: 'Transparent RSA Private Key',
      material: structure(TAG['Key Material'], [bigInteger(TAG.Modulus, 3233n)]),
    },
  },
];

/** Without the members that are undefined. */
const plain = (object: ManagedObject): unknown => JSON.parse(JSON.stringify(object, printable));
const printable = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

describe('an object', () => {
  for (const object of OBJECTS) {
    const format = 'block' in object ? `, ${object.block.format}` : '';
    it(`comes out as it went in: ${object.type}${format}`, () => {
      const answer = payload(objectType(object.type), uid('a'), objectItem(object));
      const { id, object: read } = readGet(answer);
      expect(id).to.equal('a');
      expect(plain(read)).to.deep.equal(plain(object));
    });
  }

  it('gives the bytes of its key, if they are bytes', () => {
    const blocks = OBJECTS.map((object) => ('block' in object ? object.block : undefined));
    const symmetric = blocks.find((block) => block?.format === 'Transparent Symmetric Key');
    const rsa = blocks.find((block) => block?.format === 'Transparent RSA Private Key');
    expect(keyBytes(symmetric!)).to.deep.equal(BYTES);
    expect(keyBytes(blocks[1]!)).to.deep.equal(BYTES);
    expect(() => keyBytes(rsa!)).to.throw(TtlvError);
  });

  const WRAPPING = structure(TAG['Key Wrapping Data'], [enumeration(TAG['Wrapping Method'], 1)]);
  const symmetricKey = (...block: readonly Item[]): Item =>
    structure(TAG['Symmetric Key'], [structure(TAG['Key Block'], block)]);
  const RAW = enumeration(TAG['Key Format Type'], KEY_FORMAT_TYPE.Raw);
  const VALUE = structure(TAG['Key Value'], [bytes(TAG['Key Material'], BYTES)]);

  it('is not taken for a key when it came wrapped, in either encoding', () => {
    for (const value of [bytes(TAG['Key Value'], BYTES), VALUE]) {
      const read = readObject(symmetricKey(RAW, value, WRAPPING));
      if (!('block' in read)) throw new Error('not a key');
      expect(() => keyBytes(read.block)).to.throw(TtlvError, 'wrapped');
    }
  });

  it('may be of an algorithm that only the server knows', () => {
    const read = readObject(
      symmetricKey(RAW, VALUE, enumeration(TAG['Cryptographic Algorithm'], 0x8000_0001)),
    );
    expect('block' in read && read.block.algorithm).to.equal(undefined);
  });

  const REFUSED: Readonly<Record<string, Item>> = {
    'a name for an object': objectName('a'),
    'a split key': structure(TAG['Split Key'], []),
    'a key without a block': structure(TAG['Symmetric Key'], []),
    'a block without a value': symmetricKey(RAW),
    'a block without a format': symmetricKey(VALUE),
    'a block in another order': symmetricKey(VALUE, RAW),
    'a format that does not exist': symmetricKey(enumeration(TAG['Key Format Type'], 0x99), VALUE),
    'a value without material': symmetricKey(RAW, structure(TAG['Key Value'], [])),
    'material that is text': symmetricKey(
      RAW,
      structure(TAG['Key Value'], [text(TAG['Key Material'], 'canary')]),
    ),
    'two values': symmetricKey(RAW, VALUE, VALUE),
    'secret data of no type': structure(TAG['Secret Data'], [structure(TAG['Key Block'], [RAW, VALUE])]),
    'secret data of an unknown type': structure(TAG['Secret Data'], [
      enumeration(TAG['Secret Data Type'], 3),
      structure(TAG['Key Block'], [RAW, VALUE]),
    ]),
    'a certificate without a value': structure(TAG.Certificate, [enumeration(TAG['Certificate Type'], 1)]),
    'opaque data that is text': structure(TAG['Opaque Object'], [
      enumeration(TAG['Opaque Data Type'], 1),
      text(TAG['Opaque Data Value'], 'canary'),
    ]),
  };
  for (const [name, item] of Object.entries(REFUSED)) {
    it(`is refused as ${name}, without a word of its content`, () => {
      expect(() => readObject(item))
        .to.throw(TtlvError)
        .with.property('message')
        .that.does.not.contain('canary');
    });
  }

  it('is refused when it is not of the type that the answer names', () => {
    const answer = (type: number, ...items: readonly Item[]): Structure =>
      payload(enumeration(TAG['Object Type'], type), ...items);
    const opaque = objectItem(OBJECTS[5]!);
    expect(() => readGet(answer(OBJECT_TYPE['Symmetric Key'], uid('a'), opaque))).to.throw(TtlvError);
    expect(() => readGet(answer(OBJECT_TYPE['Split Key'], uid('a'), opaque))).to.throw(TtlvError);
    expect(() => readGet(answer(0x77, uid('a'), opaque))).to.throw(TtlvError);
    expect(() => readGet(answer(OBJECT_TYPE['Opaque Object'], opaque, uid('a')))).to.throw(TtlvError);
    expect(() => readGet(answer(OBJECT_TYPE['Opaque Object'], opaque))).to.throw(TtlvError);
    expect(() => readGet(answer(OBJECT_TYPE['Opaque Object'], uid('a'), uid('b'), opaque))).to.throw(
      TtlvError,
    );
  });
});

describe('attributes', () => {
  const ATTRIBUTES = [
    usageMask(['Encrypt', 'Decrypt']),
    objectName('one'),
    objectName('two'),
    objectGroup('group'),
    applicationData('kb', 'project'),
    enumeration(TAG.State, STATE.Active),
    customAttribute('purpose', integer(TAG['Attribute Value'], 7)),
  ];

  for (const version of VERSIONS) {
    it(`come back as they were sent, in ${version}`, () => {
      const direct = payload(uid('a'), ...attributeItems(version, ATTRIBUTES));
      expect(readGetAttributes(direct).attributes.value).to.deep.equal(ATTRIBUTES);
      const { value } = attributeSet(version, ATTRIBUTES);
      const again = version.startsWith('2') ? payload(structure(TAG.Attributes, value)) : payload(...value);
      expect(readAttributes(again).value).to.deep.equal(ATTRIBUTES);
    });
  }

  it('keep their prefix in 1.x when they are custom', () => {
    const [custom] = attributeItems('1.4', [ATTRIBUTES.at(-1)!]);
    expect(find(custom!, TAG['Attribute Name'])?.value).to.equal('x-purpose');
  });

  it('are left as they came when the standard does not name them', () => {
    const odd = ['constructor', '__proto__', 'toString', 'Acme Colour'].map((name) =>
      structure(TAG.Attribute, [text(TAG['Attribute Name'], name), integer(TAG['Attribute Value'], 1)]),
    );
    expect(readAttributes(payload(...odd)).value).to.deep.equal(odd);
  });

  it('may come with an index, or without a value', () => {
    const named = (...rest: readonly Item[]): Item =>
      structure(TAG.Attribute, [text(TAG['Attribute Name'], 'State'), ...rest]);
    const value = enumeration(TAG['Attribute Value'], 2);
    const read = readAttributes(payload(named(integer(TAG['Attribute Index'], 0), value), named()));
    expect(all(read, TAG.State)).to.deep.equal([enumeration(TAG.State, 2)]);
  });
});

describe('the answer to', () => {
  it('Discover Versions lists versions, known or not', () => {
    const versions = discoverVersionsRequest(['2.1', '1.4']).payload;
    const later = structure(TAG['Protocol Version'], [
      integer(TAG['Protocol Version Major'], 3),
      integer(TAG['Protocol Version Minor'], 0),
    ]);
    expect(readDiscoverVersions(payload(later, ...versions))).to.deep.equal(['3.0', '2.1', '1.4']);
    expect(readDiscoverVersions(payload())).to.deep.equal([]);
  });

  it('Query lists what the server can do, and what it says of itself', () => {
    const read = readQuery(
      payload(
        enumeration(TAG.Operation, OPERATION.Get),
        enumeration(TAG.Operation, 0x7777),
        enumeration(TAG['Object Type'], OBJECT_TYPE['Opaque Object']),
        text(TAG['Vendor Identification'], 'a vendor'),
        structure(TAG['Server Information'], [text(TAG['Server Version'], '9')]),
        text(TAG['Application Namespace'], 'kb'),
      ),
    );
    expect(read).to.deep.include({ operations: ['Get'], objectTypes: ['Opaque Object'], vendor: 'a vendor' });
    expect(read.namespaces).to.deep.equal(['kb']);
    expect(find(read.server!, TAG['Server Version'])?.value).to.equal('9');
    expect(readQuery(payload())).to.deep.include({ operations: [], vendor: undefined, namespaces: [] });
    expect(() => readQuery(payload(integer(TAG.Operation, 1)))).to.throw(TtlvError);
  });

  it('Create and Create Key Pair gives identifiers', () => {
    const created = typed(decode(response('V3')), 'structure').value[1]!;
    expect(readCreate(typed(find(created, TAG['Response Payload'])!, 'structure'))).to.deep.equal({
      type: 'Symmetric Key',
      id: 'fb4b5b9c-6188-4c63-8142-fe9c328129fc',
    });
    const turned = payload(uid('a'), objectType('Symmetric Key'));
    expect(() => readCreate(turned)).to.throw(TtlvError, 'another order');
    const pair = [
      text(TAG['Private Key Unique Identifier'], '1'),
      text(TAG['Public Key Unique Identifier'], '2'),
    ];
    expect(readCreateKeyPair(payload(...pair))).to.deep.equal({ privateKey: '1', publicKey: '2' });
    expect(() => readCreateKeyPair(payload(pair[0]!))).to.throw(TtlvError);
    expect(readIdentifier(payload(uid('7')))).to.equal('7');
    expect(() => readIdentifier(payload(integer(TAG['Unique Identifier'], 7)))).to.throw(TtlvError);
    expect(() => readIdentifier(payload(uid('7'), uid('8')))).to.throw(TtlvError, 'twice');
  });

  it('Locate gives none, or all', () => {
    expect(readLocate(payload())).to.deep.equal({ ids: [], total: undefined });
    const found = payload(integer(TAG['Located Items'], 2), uid('2'), uid('1'));
    expect(readLocate(found)).to.deep.equal({ ids: ['2', '1'], total: 2 });
  });
});
