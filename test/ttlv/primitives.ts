import {
  bigInteger,
  boolean,
  bytes,
  dateTime,
  dateTimeExtended,
  enumeration,
  integer,
  interval,
  type Item,
  longInteger,
  structure,
  text,
} from '../../src/ttlv/ttlv.ts';

export interface Vector {
  readonly name: string;
  readonly value: Item;
  readonly bytes: Buffer;
}

/** Spaces are layout. */
export const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(/\s/g, ''), 'hex');

const vector = (name: string, value: Item, digits: string): Vector => ({ name, value, bytes: hex(digits) });

/** V1: the examples of KMIP 1.4 section 9.1.2 (tag 420020) and others' unit tests (tag 420000); the rest by hand. */
export const PRIMITIVES: readonly Vector[] = [
  vector('V1 Integer 8', integer(0x420020, 8), '42002002000000040000000800000000'),
  vector('V1 Integer 1', integer(0x420000, 1), '42000002000000040000000100000000'),
  vector('V1 Integer -1', integer(0x420000, -1), '4200000200000004ffffffff00000000'),
  vector('the largest Integer', integer(0x420000, 2 ** 31 - 1), '42000002 00000004 7fffffff 00000000'),
  vector('the smallest Integer', integer(0x420000, -(2 ** 31)), '42000002 00000004 80000000 00000000'),
  vector('V1 Long Integer', longInteger(0x420020, 123456789000000000n), '420020030000000801b69b4ba5749200'),
  vector('V1 Long Integer -1', longInteger(0x420000, -1n), '4200000300000008ffffffffffffffff'),
  vector(
    'V1 Big Integer',
    bigInteger(0x420020, 1234567890000000000000000000n),
    '42002004000000100000000003fd35eb6bc2df4618080000',
  ),
  vector('V1 Big Integer 0', bigInteger(0x420000, 0n), '42000004000000080000000000000000'),
  vector('V1 Big Integer -1000', bigInteger(0x420000, -1000n), '4200000400000008fffffffffffffc18'),
  vector('Big Integer -1', bigInteger(0x420000, -1n), '42000004 00000008 ffffffffffffffff'),
  vector(
    'the largest Big Integer of eight bytes',
    bigInteger(0x420000, 2n ** 63n - 1n),
    '42000004 00000008 7fffffffffffffff',
  ),
  vector(
    'the smallest Big Integer of eight bytes',
    bigInteger(0x420000, -(2n ** 63n)),
    '42000004 00000008 8000000000000000',
  ),
  vector(
    'a Big Integer whose top bit needs a sign before it',
    bigInteger(0x420000, 2n ** 63n),
    '42000004 00000010 0000000000000000 8000000000000000',
  ),
  vector(
    'a negative Big Integer just beyond eight bytes',
    bigInteger(0x420000, -(2n ** 63n) - 1n),
    '42000004 00000010 ffffffffffffffff 7fffffffffffffff',
  ),
  vector('V1 Enumeration 255', enumeration(0x420020, 255), '4200200500000004000000ff00000000'),
  vector(
    'the largest Enumeration',
    enumeration(0x420020, 2 ** 32 - 1),
    '42002005 00000004 ffffffff 00000000',
  ),
  vector('V1 Boolean true', boolean(0x420020, true), '42002006000000080000000000000001'),
  vector('Boolean false', boolean(0x420020, false), '42002006 00000008 0000000000000000'),
  vector('V1 Text', text(0x420020, 'Hello World'), '420020070000000b48656c6c6f20576f726c640000000000'),
  vector('Text of no length', text(0x420020, ''), '42002007 00000000'),
  vector('Text that fills its eight bytes', text(0x420020, '12345678'), '42002007 00000008 3132333435363738'),
  vector('Text beyond ASCII', text(0x420020, 'é€😀'), '42002007 00000009 c3a9e282acf09f98 80 00000000000000'),
  vector('Text with a byte order mark', text(0x420020, '\uFEFFa'), '42002007 00000004 efbbbf61 00000000'),
  vector('Text with a NUL', text(0x420020, 'a\0b'), '42002007 00000003 610062 0000000000'),
  vector('V1 Byte String', bytes(0x420020, hex('010203')), '42002008000000030102030000000000'),
  vector('Byte String of no length', bytes(0x420020, Buffer.alloc(0)), '42002008 00000000'),
  vector('V1 Date-Time of 2008', dateTime(0x420020, 1205495800n), '42002009000000080000000047da67f8'),
  vector('V1 Date-Time of 2012', dateTime(0x420000, 1335514341n), '4200000900000008000000004f9a54e5'),
  vector('Date-Time before 1970', dateTime(0x420000, -1n), '42000009 00000008 ffffffffffffffff'),
  vector('V1 Interval of ten days', interval(0x420020, 864000), '4200200a00000004000d2f0000000000'),
  vector('the longest Interval', interval(0x420020, 2 ** 32 - 1), '4200200a 00000004 ffffffff 00000000'),
  vector(
    'Date-Time Extended of 2008',
    dateTimeExtended(0x420020, 1205495800000000n),
    '4200200b 00000008 000448645cefee00',
  ),
  vector(
    'V1 Structure',
    structure(0x420020, [enumeration(0x420004, 254), integer(0x420005, 255)]),
    '42002001000000204200040500000004000000fe000000004200050200000004000000ff00000000',
  ),
  vector('Structure of nothing', structure(0x420020, []), '42002001 00000000'),
  vector('a tag of a vendor', integer(0x54ffff, 1), '54ffff02 00000004 00000001 00000000'),
];
