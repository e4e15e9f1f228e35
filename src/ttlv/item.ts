/** 24 bits: `42xxxx` of the standard, `54xxxx` of vendors. Names are in tags.ts. */
export type Tag = number;

/** What an item of each type holds (KMIP 1.4 section 9.1.1.3; the last came with 2.0). */
export interface Values {
  readonly structure: readonly Item[];
  /** Signed, 32 bits. Bit masks are integers too, not enumerations. */
  readonly integer: number;
  /** Signed, 64 bits. */
  readonly longInteger: bigint;
  /** Signed, of any size. Cannot be wiped: ask for a format whose key material is bytes. */
  readonly bigInteger: bigint;
  /** Unsigned, 32 bits. */
  readonly enumeration: number;
  readonly boolean: boolean;
  readonly textString: string;
  /** After `decode`, a view into the message: wiping the message wipes it. */
  readonly byteString: Buffer;
  /** Seconds since 1970 UTC, signed, 64 bits. */
  readonly dateTime: bigint;
  /** Seconds, unsigned, 32 bits. */
  readonly interval: number;
  /** Microseconds since 1970 UTC, signed, 64 bits. */
  readonly dateTimeExtended: bigint;
}
export type ItemType = keyof Values;

export interface ItemOf<T extends ItemType> {
  readonly tag: Tag;
  readonly type: T;
  readonly value: Values[T];
}
export type Item = { readonly [T in ItemType]: ItemOf<T> }[ItemType];
export type Structure = ItemOf<'structure'>;

/** Bytes that are no TTLV, or items that are no such message. Says what and where; never what was there. */
export class TtlvError extends Error {
  /** Of the byte where it was noticed; undefined where items were at fault and not bytes. */
  readonly offset: number | undefined;

  constructor(what: string, offset?: number) {
    super(offset === undefined ? what : `${what}, at byte ${offset}`);
    this.name = 'TtlvError';
    this.offset = offset;
  }
}

const constructor =
  <T extends ItemType>(type: T) =>
  (tag: Tag, value: Values[T]): ItemOf<T> => ({ tag, type, value });

export const structure = constructor('structure');
export const integer = constructor('integer');
export const longInteger = constructor('longInteger');
export const bigInteger = constructor('bigInteger');
export const enumeration = constructor('enumeration');
export const boolean = constructor('boolean');
export const text = constructor('textString');
export const bytes = constructor('byteString');
export const dateTime = constructor('dateTime');
export const interval = constructor('interval');
export const dateTimeExtended = constructor('dateTimeExtended');
