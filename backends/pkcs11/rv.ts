import { IntegrityError } from '../../src/errors.ts';

/** What became of a request, in the broker's words (see src/errors.ts). */
export type FaultKind =
  'unavailable' | 'overloaded' | 'misconfigured' | 'integrity' | 'rejected' | 'not_supported' | 'internal';

/**
 * What has to be mended before the token can be asked again. `session`: another session. `key`: handles are looked up
 * anew. `login`: log in again. `reset`: the module is started afresh, in a fresh process.
 */
export type Repair = 'none' | 'session' | 'key' | 'login' | 'reset';

interface Meaning {
  readonly kind: FaultKind;
  readonly repair: Repair;
  /** For an operator. */
  readonly says: string;
}

const unavailable = (says: string, repair: Repair = 'reset'): Meaning => ({
  kind: 'unavailable',
  repair,
  says,
});
const misconfigured = (says: string): Meaning => ({ kind: 'misconfigured', repair: 'none', says });
const integrity = (says: string): Meaning => ({ kind: 'integrity', repair: 'none', says });
const internal = (says: string): Meaning => ({ kind: 'internal', repair: 'none', says });

const PIN = 'the token refuses the PIN; it is not tried again, since tokens lock: correct "pin" and restart';
const KEY_USE = 'a key lacks the type, the size or the permission this needs: see "postern keys check"';
const TEMPLATE = 'the token refuses the attributes of a key: see "mechanisms" in the options';
const MECHANISM = 'the token does not have a mechanism this store is set to: see "mechanisms" in the options';
const DAMAGED = 'stored bytes do not open';

/** PKCS #11 v2.40 section 5.1. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  0x02: unavailable('the module is out of memory', 'none'),
  0x03: unavailable('the token is not in its slot'),
  0x05: unavailable('the module failed without saying why', 'none'),
  0x06: unavailable('the module could not do what was asked', 'none'),
  0x07: internal('the module does not accept the arguments'),
  0x11: internal('the token does not reveal an attribute'),
  0x12: misconfigured(TEMPLATE),
  0x13: misconfigured(TEMPLATE),
  0x20: internal('the token does not accept the bytes'),
  0x21: {
    kind: 'not_supported',
    repair: 'none',
    says: 'the token does not take that many bytes in one call',
  },
  0x30: unavailable('the device failed'),
  0x31: unavailable('the device is out of memory', 'none'),
  0x32: unavailable('the device was removed'),
  0x40: integrity(DAMAGED),
  0x41: integrity(DAMAGED),
  0x54: misconfigured(MECHANISM),
  0x60: unavailable('a key handle is no longer valid', 'key'),
  0x62: misconfigured(KEY_USE),
  0x63: misconfigured(KEY_USE),
  0x68: misconfigured(KEY_USE),
  0x69: misconfigured(KEY_USE),
  0x6a: misconfigured(KEY_USE),
  0x70: misconfigured(MECHANISM),
  0x71: internal('the token does not accept the parameters of a mechanism'),
  0x82: unavailable('an object handle is no longer valid', 'key'),
  0x90: unavailable('a session was left in the middle of an operation', 'session'),
  0x91: unavailable('a session lost its operation', 'session'),
  0xa0: misconfigured(PIN),
  0xa1: misconfigured(PIN),
  0xa2: misconfigured(PIN),
  0xa3: misconfigured('the PIN has expired: set a new one with the tools of the device'),
  0xa4: misconfigured('the PIN is locked: let the security officer unlock it'),
  0xb0: unavailable('a session was closed', 'session'),
  0xb1: unavailable('the token gives no more sessions: lower "sessions" or free some', 'none'),
  0xb3: unavailable('a session is no longer valid', 'session'),
  0xc0: integrity('the MAC of stored bytes does not match'),
  0xc1: integrity('the MAC of stored bytes has the wrong length'),
  0xd0: misconfigured(TEMPLATE),
  0xd1: misconfigured(TEMPLATE),
  0xe0: unavailable('the token is not in its slot'),
  0xe1: unavailable('the token is not recognised'),
  0xf0: misconfigured(KEY_USE),
  0xf1: misconfigured(KEY_USE),
  0xf2: misconfigured(KEY_USE),
  0x101: unavailable('the token has logged us out', 'login'),
  0x102: misconfigured('the token has no user PIN yet: initialise it with the tools of the device'),
  0x110: integrity(DAMAGED),
  0x112: integrity(DAMAGED),
  0x113: misconfigured(KEY_USE),
  0x114: misconfigured(KEY_USE),
  0x115: misconfigured(KEY_USE),
  0x121: misconfigured('the token has no random generator'),
  0x150: internal('the token gives more bytes than there is room for'),
  0x190: unavailable('the module was reset under us'),
  0x200: { kind: 'rejected', repair: 'none', says: 'the device rejects this by a rule of its own' },
};

/** Vendor codes, and those nobody listed: an outage, with its number for the vendor's manual. */
const UNKNOWN: Meaning = unavailable('a code of the vendor: see the manual of the device');

export function meaningOf(code: number): Meaning {
  return MEANINGS[code] ?? UNKNOWN;
}

/** A fault in a form that crosses to another process. `detail` is for operators and never holds a secret. */
export class TokenFault extends Error {
  readonly kind: FaultKind;
  readonly repair: Repair;
  /** Undefined where no call of the module failed. */
  readonly code: number | undefined;

  constructor(kind: FaultKind, detail: string, options: { repair?: Repair; code?: number } = {}) {
    super(detail);
    this.name = 'TokenFault';
    this.kind = kind;
    this.repair = options.repair ?? 'none';
    this.code = options.code;
  }
}

interface ForeignFault {
  readonly code: number;
  readonly method: string;
}

/** Of what `pkcs11js` throws, only this carries a return code; in the `code` of others may stand a line number. */
function isForeign(error: unknown): error is ForeignFault {
  return error instanceof Error && error.name === 'Pkcs11Error';
}

/** As an operator may look it up: `0x70 from C_EncryptInit`. */
const codeText = ({ code, method }: ForeignFault): string =>
  `0x${code.toString(16).toUpperCase()}${method === '' ? '' : ` from ${method}`}`;

export function faultOf(error: unknown): TokenFault {
  if (error instanceof TokenFault) return error;
  if (error instanceof IntegrityError) return new TokenFault('integrity', error.detail ?? '');
  if (!isForeign(error)) return new TokenFault('internal', error instanceof Error ? error.name : 'no error');
  const { kind, repair, says } = meaningOf(error.code);
  return new TokenFault(kind, `${says} (${codeText(error)})`, { repair, code: error.code });
}
