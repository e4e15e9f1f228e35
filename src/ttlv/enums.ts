import { table } from './table.ts';

/**
 * Enumerations and bit masks of KMIP 1.0 to 2.1 (2.1 sections 11 and 12), under the standard's own names. Vendors' values
 * begin with 8.
 */
export const OBJECT_TYPE = table([
  [0x01, 'Certificate; Symmetric Key; Public Key; Private Key; Split Key; Template; Secret Data'],
  [0x08, 'Opaque Object; PGP Key; Certificate Request'],
]);
export type ObjectType = keyof typeof OBJECT_TYPE;

export const OPERATION = table([
  [0x01, 'Create; Create Key Pair; Register; Re-key; Derive Key; Certify; Re-certify; Locate; Check; Get'],
  [0x0b, 'Get Attributes; Get Attribute List; Add Attribute; Modify Attribute; Delete Attribute'],
  [0x10, 'Obtain Lease; Get Usage Allocation; Activate; Revoke; Destroy; Archive; Recover; Validate'],
  [0x18, 'Query; Cancel; Poll; Notify; Put; Re-key Key Pair; Discover Versions; Encrypt; Decrypt; Sign'],
  [0x22, 'Signature Verify; MAC; MAC Verify; RNG Retrieve; RNG Seed; Hash; Create Split Key; Join Split Key'],
  [0x2a, 'Import; Export; Log; Login; Logout; Delegated Login; Adjust Attribute; Set Attribute'],
  [0x32, 'Set Endpoint Role; PKCS#11; Interop; Re-Provision; Set Defaults; Set Constraints; Get Constraints'],
  [0x39, 'Query Asynchronous Requests; Process; Ping'],
]);
export type Operation = keyof typeof OPERATION;

export const RESULT_STATUS = table([
  [0x00, 'Success; Operation Failed; Operation Pending; Operation Undone'],
]);
export type ResultStatus = keyof typeof RESULT_STATUS;

/** 27, 31, 33 and 38 are reserved. */
export const RESULT_REASON = table([
  [0x01, 'Item Not Found; Response Too Large; Authentication Not Successful; Invalid Message'],
  [0x05, 'Operation Not Supported; Missing Data; Invalid Field; Feature Not Supported'],
  [0x09, 'Operation Canceled by Requester; Cryptographic Failure; Illegal Operation; Permission Denied'],
  [0x0d, 'Object Archived; Index Out of Bounds; Application Namespace Not Supported'],
  [0x10, 'Key Format Type Not Supported; Key Compression Type Not Supported; Encoding Option Error'],
  [0x13, 'Key Value Not Present; Attestation Required; Attestation Failed; Sensitive; Not Extractable'],
  [0x18, 'Object Already Exists; Invalid Ticket; Usage Limit Exceeded; Numeric Range; Invalid Data Type'],
  [0x1d, 'Read Only Attribute; Multi Valued Attribute; Unsupported Attribute; Attribute Instance Not Found'],
  [0x21, 'Attribute Not Found; Attribute Read Only; Attribute Single Valued; Bad Cryptographic Parameters'],
  [0x25, 'Bad Password; Codec Error'],
  [0x28, 'Illegal Object Type; Incompatible Cryptographic Usage Mask; Internal Server Error'],
  [0x2b, 'Invalid Asynchronous Correlation Value; Invalid Attribute; Invalid Attribute Value'],
  [0x2e, 'Invalid Correlation Value; Invalid CSR; Invalid Object Type'],
  [0x32, 'Key Wrap Type Not Supported'],
  [0x34, 'Missing Initialization Vector; Non Unique Name Attribute; Object Destroyed; Object Not Found'],
  [
    0x39,
    'Not Authorised; Server Limit Exceeded; Unknown Enumeration; Unknown Message Extension; Unknown Tag',
  ],
  [0x3e, 'Unsupported Cryptographic Parameters; Unsupported Protocol Version; Wrapping Object Archived'],
  [0x41, 'Wrapping Object Destroyed; Wrapping Object Not Found; Wrong Key Lifecycle State'],
  [0x44, 'Protection Storage Unavailable; PKCS#11 Codec Error; PKCS#11 Invalid Function'],
  [0x47, 'PKCS#11 Invalid Interface; Private Protection Storage Unavailable'],
  [0x49, 'Public Protection Storage Unavailable; Unknown Object Group; Constraint Violation'],
  [0x4c, 'Duplicate Process Request'],
  [0x100, 'General Failure'],
]);
export type ResultReason = keyof typeof RESULT_REASON;

export const STATE = table([
  [0x01, 'Pre-Active; Active; Deactivated; Compromised; Destroyed; Destroyed Compromised'],
]);
export type State = keyof typeof STATE;

export const REVOCATION_REASON = table([
  [0x01, 'Unspecified; Key Compromise; CA Compromise; Affiliation Changed; Superseded'],
  [0x06, 'Cessation of Operation; Privilege Withdrawn'],
]);
export type RevocationReason = keyof typeof REVOCATION_REASON;

export const QUERY_FUNCTION = table([
  [0x01, 'Operations; Objects; Server Information; Application Namespaces; Extension List; Extension Map'],
  [0x07, 'Attestation Types; RNGs; Validations; Profiles; Capabilities; Client Registration Methods'],
  [0x0d, 'Defaults Information; Storage Protection Masks'],
]);
export type QueryFunction = keyof typeof QUERY_FUNCTION;

export const CREDENTIAL_TYPE = table([
  [0x01, 'Username and Password; Device; Attestation; One Time Password; Hashed Password; Ticket'],
]);
export const NAME_TYPE = table([[0x01, 'Uninterpreted Text String; URI']]);
export const SECRET_DATA_TYPE = table([[0x01, 'Password; Seed']]);
export type SecretDataType = keyof typeof SECRET_DATA_TYPE;
export const CERTIFICATE_TYPE = table([[0x01, 'X.509; PGP']]);
export type CertificateType = keyof typeof CERTIFICATE_TYPE;

/** The standard defines none and leaves 8xxxxxxx to vendors; this one is understood as "none" wherever it was tried. */
export const OPAQUE_DATA_NONE = 0x8000_0000;

export const LINK_TYPE = table([
  [
    0x101,
    'Certificate Link; Public Key Link; Private Key Link; Derivation Base Object Link; Derived Key Link',
  ],
  [0x106, 'Replacement Object Link; Replaced Object Link; Parent Link; Child Link; Previous Link; Next Link'],
  [0x10c, 'PKCS#12 Certificate Link; PKCS#12 Password Link; Wrapping Key Link'],
]);
export const BATCH_ERROR_CONTINUATION = table([[0x01, 'Continue; Stop; Undo']]);
export const OBJECT_GROUP_MEMBER = table([[0x01, 'Group Member Fresh; Group Member Default']]);

/** What a 2.x identifier may be instead of text: the object that an earlier item of the batch gave. */
export const UNIQUE_IDENTIFIER = table([
  [0x01, 'ID Placeholder; Certify; Create; Create Key Pair; Create Key Pair Private Key'],
  [
    0x06,
    'Create Key Pair Public Key; Create Split Key; Derive Key; Import; Join Split Key; Locate; Register',
  ],
  [0x0d, 'Re-key; Re-certify; Re-key Key Pair; Re-key Key Pair Private Key; Re-key Key Pair Public Key'],
]);

/** Bits of an integer. */
export const STORAGE_STATUS = { Online: 1, Archival: 2, Destroyed: 4 } as const;

/** Bits of an integer. */
export const PROTECTION_STORAGE = {
  Software: 0x0001,
  Hardware: 0x0002,
  'On Processor': 0x0004,
  'On System': 0x0008,
  'Off System': 0x0010,
  Hypervisor: 0x0020,
  'Operating System': 0x0040,
  Container: 0x0080,
  'On Premises': 0x0100,
  'Off Premises': 0x0200,
  'Self Managed': 0x0400,
  Outsourced: 0x0800,
  Validated: 0x1000,
  'Same Jurisdiction': 0x2000,
} as const;
export type ProtectionStorage = keyof typeof PROTECTION_STORAGE;
