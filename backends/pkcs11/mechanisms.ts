/** PKCS #11 v2.40 and v3.0 numbers; `pkcs11js` knows those of 2.40 only, and vendors have their own. */
export const CKM = {
  CKM_RSA_PKCS_KEY_PAIR_GEN: 0x0000,
  CKM_SHA256_HMAC: 0x0251,
  CKM_GENERIC_SECRET_KEY_GEN: 0x0350,
  CKM_EC_KEY_PAIR_GEN: 0x1040,
  CKM_EC_EDWARDS_KEY_PAIR_GEN: 0x1055,
  CKM_AES_KEY_GEN: 0x1080,
  CKM_AES_CBC: 0x1082,
  CKM_AES_CBC_PAD: 0x1085,
  CKM_AES_GCM: 0x1087,
  CKM_AES_KEY_WRAP_PAD: 0x210a,
  CKM_AES_KEY_WRAP_KWP: 0x210b,
} as const;

export const CKK = { CKK_GENERIC_SECRET: 0x10, CKK_AES: 0x1f, CKK_SHA256_HMAC: 0x2b } as const;

export const CKO_SECRET_KEY = 0x04;
export const CKU_USER = 1;

export const CKF_SERIAL_SESSION = 0x04;
export const CKF_RW_SESSION = 0x02;
export const CKF_OS_LOCKING_OK = 0x02;

/** Token flags (PKCS #11 v2.40 table 6). */
export const CKF_USER_PIN_COUNT_LOW = 0x0001_0000;
export const CKF_USER_PIN_FINAL_TRY = 0x0002_0000;
export const CKF_USER_PIN_LOCKED = 0x0004_0000;

export const CKA = {
  CLASS: 0x000,
  TOKEN: 0x001,
  PRIVATE: 0x002,
  LABEL: 0x003,
  VALUE: 0x011,
  KEY_TYPE: 0x100,
  ID: 0x102,
  SENSITIVE: 0x103,
  ENCRYPT: 0x104,
  DECRYPT: 0x105,
  WRAP: 0x106,
  UNWRAP: 0x107,
  SIGN: 0x108,
  VERIFY: 0x10a,
  DERIVE: 0x10c,
  MODULUS: 0x120,
  MODULUS_BITS: 0x121,
  PUBLIC_EXPONENT: 0x122,
  PRIVATE_EXPONENT: 0x123,
  PRIME_1: 0x124,
  PRIME_2: 0x125,
  EXPONENT_1: 0x126,
  EXPONENT_2: 0x127,
  COEFFICIENT: 0x128,
  VALUE_LEN: 0x161,
  EXTRACTABLE: 0x162,
  LOCAL: 0x163,
  NEVER_EXTRACTABLE: 0x164,
  ALWAYS_SENSITIVE: 0x165,
  EC_PARAMS: 0x180,
  EC_POINT: 0x181,
} as const;

/** A mechanism as an operator should read it: `CKM_AES_GCM (0x1087)`. */
export function mechanismName(number: number): string {
  const [name] = Object.entries(CKM).find(([, value]) => value === number) ?? ['a vendor mechanism'];
  return `${name} (0x${number.toString(16).toUpperCase()})`;
}
