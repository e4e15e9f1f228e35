import { attributeItems, objectType, usageMask } from '../../src/ttlv/attributes.ts';
import { OPAQUE_DATA_NONE, STATE } from '../../src/ttlv/enums.ts';
import { responseMessage } from '../../src/ttlv/messages.ts';
import { type ManagedObject, objectItem } from '../../src/ttlv/objects.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import { enumeration, type Item, text } from '../../src/ttlv/ttlv.ts';
import { hex, type Vector } from './primitives.ts';

const uid = (id: string): Item => text(TAG['Unique Identifier'], id);

export const TRIPLE_DES: ManagedObject = {
  type: 'Symmetric Key',
  block: {
    format: 'Raw',
    material: hex('7367578051012a6d134a855e25c8cd5e4ca131455729d3c8'),
    algorithm: '3DES',
    length: 168,
  },
};

/**
 * Responses and an object, as others wrote them down: the OASIS *KMIP Test Cases 1.1* document, and a KMIP server of another make that
 * accepted or produced these bytes.
 */
export const RESPONSES: readonly Vector[] = [
  {
    name: 'V3 Create, its response',
    value: responseMessage({
      version: '1.1',
      timeStamp: 0x4f9a54e5n,
      operation: 'Create',
      status: 'Success',
      payload: [objectType('Symmetric Key'), uid('fb4b5b9c-6188-4c63-8142-fe9c328129fc')],
    }),
    bytes: hex(`
      42007b01000000c042007a0100000048420069010000002042006a0200000004000000010000000042006b0200000004
      00000001000000004200920900000008000000004f9a54e542000d0200000004000000010000000042000f0100000068
      42005c0500000004000000010000000042007f0500000004000000000000000042007c01000000404200570500000004
      0000000200000000420094070000002466623462356239632d363138382d346336332d383134322d6665396333323831
      3239666300000000`),
  },
  {
    name: 'V5 Get, its response with a 3DES key of 168 effective bits',
    value: responseMessage({
      version: '1.1',
      timeStamp: 0x4f9a54e7n,
      operation: 'Get',
      status: 'Success',
      payload: [
        objectType('Symmetric Key'),
        uid('49a1ca88-6bea-4fb2-b450-7e58802c3038'),
        objectItem(TRIPLE_DES),
      ],
    }),
    bytes: hex(`
      42007b010000012842007a0100000048420069010000002042006a0200000004000000010000000042006b0200000004
      00000001000000004200920900000008000000004f9a54e742000d0200000004000000010000000042000f01000000d0
      42005c05000000040000000a0000000042007f0500000004000000000000000042007c01000000a84200570500000004
      0000000200000000420094070000002434396131636138382d366265612d346662322d623435302d3765353838303263
      333033380000000042008f01000000604200400100000058420042050000000400000001000000004200450100000020
      42004308000000187367578051012a6d134a855e25c8cd5e4ca131455729d3c842002805000000040000000200000000
      42002a0200000004000000a800000000`),
  },
  {
    name: 'V8 a failure that names no operation',
    value: responseMessage({
      version: '1.1',
      timeStamp: 0x56fa43bdn,
      status: 'Operation Failed',
      reason: 'Invalid Message',
      message: 'Default response. No operations supported.',
    }),
    bytes: hex(`
      42007b01000000b042007a0100000048420069010000002042006a0200000004000000010000000042006b0200000004
      000000010000000042009209000000080000000056fa43bd42000d0200000004000000010000000042000f0100000058
      42007f0500000004000000010000000042007e0500000004000000040000000042007d070000002a44656661756c7420
      726573706f6e73652e204e6f206f7065726174696f6e7320737570706f727465642e000000000000`),
  },
  {
    name: 'V16 Register, its response',
    value: responseMessage({
      version: '1.2',
      timeStamp: 0x6b00f354n,
      operation: 'Register',
      status: 'Success',
      payload: [uid('1')],
    }),
    bytes: hex(`
      42007b010000009042007a0100000048420069010000002042006a0200000004000000010000000042006b0200000004
      00000002000000004200920900000008000000006b00f35442000d0200000004000000010000000042000f0100000038
      42005c0500000004000000030000000042007f0500000004000000000000000042007c01000000104200940700000001
      3100000000000000`),
  },
  {
    name: 'V16 Get Attributes, its response',
    value: responseMessage({
      version: '1.2',
      timeStamp: 0x6b00f354n,
      operation: 'Get Attributes',
      status: 'Success',
      payload: [
        uid('1'),
        ...attributeItems('1.2', [
          enumeration(TAG.State, STATE['Pre-Active']),
          usageMask(['Encrypt', 'Decrypt']),
        ]),
      ],
    }),
    bytes: hex(`
      42007b01000000f042007a0100000048420069010000002042006a0200000004000000010000000042006b0200000004
      00000002000000004200920900000008000000006b00f35442000d0200000004000000010000000042000f0100000098
      42005c05000000040000000b0000000042007f0500000004000000000000000042007c01000000704200940700000001
      3100000000000000420008010000002042000a0700000005537461746500000042000b05000000040000000100000000
      420008010000003042000a070000001843727970746f67726170686963205573616765204d61736b42000b0200000004
      0000000c00000000`),
  },
  {
    name: 'V16 Destroy of an active key, refused',
    value: responseMessage({
      version: '1.2',
      timeStamp: 0x6b00f354n,
      operation: 'Destroy',
      status: 'Operation Failed',
      reason: 'Permission Denied',
      message: 'Object is active and cannot be destroyed.',
    }),
    bytes: hex(`
      42007b01000000c042007a0100000048420069010000002042006a0200000004000000010000000042006b0200000004
      00000002000000004200920900000008000000006b00f35442000d0200000004000000010000000042000f0100000068
      42005c0500000004000000140000000042007f0500000004000000010000000042007e05000000040000000c00000000
      42007d07000000294f626a6563742069732061637469766520616e642063616e6e6f742062652064657374726f796564
      2e00000000000000`),
  },
  {
    name: 'V16 Destroy of what is gone',
    value: responseMessage({
      version: '1.2',
      timeStamp: 0x6b00f354n,
      operation: 'Destroy',
      status: 'Operation Failed',
      reason: 'Item Not Found',
      message: 'Could not locate object: 1',
    }),
    bytes: hex(`
      42007b01000000b042007a0100000048420069010000002042006a0200000004000000010000000042006b0200000004
      00000002000000004200920900000008000000006b00f35442000d0200000004000000010000000042000f0100000058
      42005c0500000004000000140000000042007f0500000004000000010000000042007e05000000040000000100000000
      42007d070000001a436f756c64206e6f74206c6f63617465206f626a6563743a2031000000000000`),
  },
  {
    name: 'V18 Get Attributes, its response',
    value: responseMessage({
      version: '2.0',
      timeStamp: 0x6b00f354n,
      operation: 'Get Attributes',
      status: 'Success',
      payload: [
        uid('1'),
        ...attributeItems('2.0', [
          enumeration(TAG.State, STATE['Pre-Active']),
          usageMask(['Encrypt', 'Decrypt']),
        ]),
      ],
    }),
    bytes: hex(`
      42007b01000000b842007a0100000048420069010000002042006a0200000004000000020000000042006b0200000004
      00000000000000004200920900000008000000006b00f35442000d0200000004000000010000000042000f0100000060
      42005c05000000040000000b0000000042007f0500000004000000000000000042007c01000000384200940700000001
      3100000000000000420125010000002042008d0500000004000000010000000042002c02000000040000000c00000000`),
  },
  {
    name: 'V19 Locate, nothing found',
    value: responseMessage({
      version: '2.0',
      timeStamp: 0x6b00f354n,
      operation: 'Locate',
      status: 'Success',
      payload: [],
    }),
    bytes: hex(`
      42007b010000008042007a0100000048420069010000002042006a0200000004000000020000000042006b0200000004
      00000000000000004200920900000008000000006b00f35442000d0200000004000000010000000042000f0100000028
      42005c0500000004000000080000000042007f0500000004000000000000000042007c0100000000`),
  },
  {
    name: 'V20 an Opaque Object',
    value: objectItem({ type: 'Opaque Object', dataType: OPAQUE_DATA_NONE, value: Buffer.from('hello') }),
    bytes: hex(`
      42005b01000000204200590500000004800000000000000042005a080000000568656c6c6f000000`),
  },
];

/** The bytes of one, by the beginning of its name. */
export function response(name: string): Buffer {
  const found = RESPONSES.find((vector) => vector.name.startsWith(name));
  if (found === undefined) throw new Error(`no vector ${name}`);
  return Buffer.from(found.bytes);
}
