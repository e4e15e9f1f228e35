import { CREDENTIAL_TYPE } from './enums.ts';
import { enumeration, type Item, structure, text } from './item.ts';
import { TAG, type TagName } from './tags.ts';

/** Who asks, beside the certificate of the connection (KMIP 1.4 section 2.1.2). */
export type Credential = PasswordCredential | DeviceCredential;

export interface PasswordCredential {
  readonly type: 'Username and Password';
  readonly username: string;
  readonly password?: string;
}

/** All of it is optional in the standard, and none of it in a given server. */
export interface DeviceCredential {
  readonly type: 'Device';
  readonly serialNumber?: string;
  readonly password?: string;
  readonly device?: string;
  readonly network?: string;
  readonly machine?: string;
  readonly media?: string;
}

export function authenticationItem(credential: Credential): Item {
  return structure(TAG.Authentication, [
    structure(TAG.Credential, [
      enumeration(TAG['Credential Type'], CREDENTIAL_TYPE[credential.type]),
      structure(TAG['Credential Value'], fields(credential)),
    ]),
  ]);
}

function fields(credential: Credential): readonly Item[] {
  if (credential.type === 'Username and Password')
    return texts([
      ['Username', credential.username],
      ['Password', credential.password],
    ]);
  return texts([
    ['Device Serial Number', credential.serialNumber],
    ['Password', credential.password],
    ['Device Identifier', credential.device],
    ['Network Identifier', credential.network],
    ['Machine Identifier', credential.machine],
    ['Media Identifier', credential.media],
  ]);
}

function texts(rows: readonly (readonly [TagName, string | undefined])[]): readonly Item[] {
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [text(TAG[name], value)]));
}
