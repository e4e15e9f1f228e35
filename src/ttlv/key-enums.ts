import { table } from './table.ts';

/** What is said about keys and what is done with them: the cryptographic enumerations of KMIP 1.0 to 2.1. */
export const CRYPTOGRAPHIC_ALGORITHM = table([
  [0x01, 'DES; 3DES; AES; RSA; DSA; ECDSA; HMAC-SHA1; HMAC-SHA224; HMAC-SHA256; HMAC-SHA384; HMAC-SHA512'],
  [0x0c, 'HMAC-MD5; DH; ECDH; ECMQV; Blowfish; Camellia; CAST5; IDEA; MARS; RC2; RC4; RC5; SKIPJACK'],
  [0x19, 'Twofish; EC; One Time Pad; ChaCha20; Poly1305; ChaCha20Poly1305; SHA3-224; SHA3-256; SHA3-384'],
  [0x22, 'SHA3-512; HMAC-SHA3-224; HMAC-SHA3-256; HMAC-SHA3-384; HMAC-SHA3-512; SHAKE-128; SHAKE-256'],
  [0x29, 'ARIA; SEED; SM2; SM3; SM4; GOST R 34.10-2012; GOST R 34.11-2012; GOST R 34.13-2015; GOST 28147-89'],
  [0x32, 'XMSS; SPHINCS-256; McEliece; McEliece-6960119; McEliece-8192128; Ed25519; Ed448'],
]);
export type CryptographicAlgorithm = keyof typeof CRYPTOGRAPHIC_ALGORITHM;

/** Transparent EC replaced the formats of ECDSA, ECDH and ECMQV in 1.3. */
export const KEY_FORMAT_TYPE = table([
  [0x01, 'Raw; Opaque; PKCS#1; PKCS#8; X.509; EC Private Key; Transparent Symmetric Key'],
  [0x08, 'Transparent DSA Private Key; Transparent DSA Public Key; Transparent RSA Private Key'],
  [0x0b, 'Transparent RSA Public Key; Transparent DH Private Key; Transparent DH Public Key'],
  [0x0e, 'Transparent ECDSA Private Key; Transparent ECDSA Public Key; Transparent ECDH Private Key'],
  [0x11, 'Transparent ECDH Public Key; Transparent ECMQV Private Key; Transparent ECMQV Public Key'],
  [0x14, 'Transparent EC Private Key; Transparent EC Public Key; PKCS#12; PKCS#10'],
]);
export type KeyFormatType = keyof typeof KEY_FORMAT_TYPE;

/** Bits of an integer; from `Authenticate` on of 2.0. */
export const USAGE = {
  Sign: 0x01,
  Verify: 0x02,
  Encrypt: 0x04,
  Decrypt: 0x08,
  'Wrap Key': 0x10,
  'Unwrap Key': 0x20,
  Export: 0x40,
  'MAC Generate': 0x80,
  'MAC Verify': 0x100,
  'Derive Key': 0x200,
  'Content Commitment': 0x400,
  'Key Agreement': 0x800,
  'Certificate Sign': 0x1000,
  'CRL Sign': 0x2000,
  'Generate Cryptogram': 0x4000,
  'Validate Cryptogram': 0x8000,
  'Translate Encrypt': 0x1_0000,
  'Translate Decrypt': 0x2_0000,
  'Translate Wrap': 0x4_0000,
  'Translate Unwrap': 0x8_0000,
  Authenticate: 0x10_0000,
  Unrestricted: 0x20_0000,
  'FPE Encrypt': 0x40_0000,
  'FPE Decrypt': 0x80_0000,
} as const;
export type Usage = keyof typeof USAGE;

export const BLOCK_CIPHER_MODE = table([
  [0x01, 'CBC; ECB; PCBC; CFB; OFB; CTR; CMAC; CCM; GCM; CBC-MAC; XTS; AES Key Wrap Padding; NIST Key Wrap'],
  [0x0e, 'X9.102 AESKW; X9.102 TDKW; X9.102 AKW1; X9.102 AKW2; AEAD'],
]);
export const PADDING_METHOD = table([
  [0x01, 'None; OAEP; PKCS5; SSL3; Zeros; ANSI X9.23; ISO 10126; PKCS1 v1.5; X9.31; PSS'],
]);
export const HASHING_ALGORITHM = table([
  [0x01, 'MD2; MD4; MD5; SHA-1; SHA-224; SHA-256; SHA-384; SHA-512; RIPEMD-160; Tiger; Whirlpool'],
  [0x0c, 'SHA-512/224; SHA-512/256; SHA3-224; SHA3-256; SHA3-384; SHA3-512'],
]);
export const DIGITAL_SIGNATURE_ALGORITHM = table([
  [0x01, 'MD2 with RSA Encryption; MD5 with RSA Encryption; SHA-1 with RSA Encryption'],
  [0x04, 'SHA-224 with RSA Encryption; SHA-256 with RSA Encryption; SHA-384 with RSA Encryption'],
  [0x07, 'SHA-512 with RSA Encryption; RSASSA-PSS; DSA with SHA-1; DSA with SHA224; DSA with SHA256'],
  [0x0c, 'ECDSA with SHA-1; ECDSA with SHA224; ECDSA with SHA256; ECDSA with SHA384; ECDSA with SHA512'],
  [0x11, 'SHA3-256 with RSA Encryption; SHA3-384 with RSA Encryption; SHA3-512 with RSA Encryption'],
]);
export const WRAPPING_METHOD = table([
  [0x01, 'Encrypt; MAC/sign; Encrypt then MAC/sign; MAC/sign then encrypt; TR-31'],
]);
export const ENCODING_OPTION = table([[0x01, 'No Encoding; TTLV Encoding']]);
export const KEY_WRAP_TYPE = table([[0x01, 'Not Wrapped; As Registered']]);
export type KeyWrapType = keyof typeof KEY_WRAP_TYPE;
export const KEY_COMPRESSION_TYPE = table([
  [0x01, 'EC Public Key Type Uncompressed; EC Public Key Type X9.62 Compressed Prime'],
  [0x03, 'EC Public Key Type X9.62 Compressed Char2; EC Public Key Type X9.62 Hybrid'],
]);

export const RECOMMENDED_CURVE = table([
  [0x01, 'P-192; K-163; B-163; P-224; K-233; B-233; P-256; K-283; B-283; P-384; K-409; B-409; P-521; K-571'],
  [0x0f, 'B-571; SECP112R1; SECP112R2; SECP128R1; SECP128R2; SECP160K1; SECP160R1; SECP160R2; SECP192K1'],
  [0x18, 'SECP224K1; SECP256K1; SECT113R1; SECT113R2; SECT131R1; SECT131R2; SECT163R1; SECT193R1'],
  [0x20, 'SECT193R2; SECT239K1; ANSIX9P192V2; ANSIX9P192V3; ANSIX9P239V1; ANSIX9P239V2; ANSIX9P239V3'],
  [0x27, 'ANSIX9C2PNB163V1; ANSIX9C2PNB163V2; ANSIX9C2PNB163V3; ANSIX9C2PNB176V1; ANSIX9C2TNB191V1'],
  [0x2c, 'ANSIX9C2TNB191V2; ANSIX9C2TNB191V3; ANSIX9C2PNB208W1; ANSIX9C2TNB239V1; ANSIX9C2TNB239V2'],
  [0x31, 'ANSIX9C2TNB239V3; ANSIX9C2PNB272W1; ANSIX9C2PNB304W1; ANSIX9C2TNB359V1; ANSIX9C2PNB368W1'],
  [0x36, 'ANSIX9C2TNB431R1; BRAINPOOLP160R1; BRAINPOOLP160T1; BRAINPOOLP192R1; BRAINPOOLP192T1'],
  [0x3b, 'BRAINPOOLP224R1; BRAINPOOLP224T1; BRAINPOOLP256R1; BRAINPOOLP256T1; BRAINPOOLP320R1'],
  [0x40, 'BRAINPOOLP320T1; BRAINPOOLP384R1; BRAINPOOLP384T1; BRAINPOOLP512R1; BRAINPOOLP512T1'],
  [0x45, 'CURVE25519; CURVE448'],
]);
export type RecommendedCurve = keyof typeof RECOMMENDED_CURVE;
