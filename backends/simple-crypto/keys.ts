import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import { KEY_BYTES } from '../../src/crypto/seal.ts';
import { ConfigurationError } from '../../src/errors.ts';

/** A key in one of the forms a configuration brings; undefined when it is none. The caller's bytes are left alone. */
export function parseMasterKey(value: string | Uint8Array): KeyObject | undefined {
  if (typeof value !== 'string' && value.length === KEY_BYTES) return createSecretKey(Buffer.from(value));
  const text = (typeof value === 'string' ? value : Buffer.from(value).toString('latin1')).trim();
  const bytes = Buffer.from(text, 'base64');
  try {
    // Node skips what is no base64: only text that comes out the same was base64 of these bytes.
    const isKey = bytes.length === KEY_BYTES && bytes.toString('base64') === text;
    return isKey ? createSecretKey(bytes) : undefined;
  } finally {
    bytes.fill(0);
  }
}

const OWNER_ONLY = 0o600;
const GROUP_AND_OTHERS = 0o077;

/**
 * Writes a new key. False, and nothing changed, when the file is there: a key that was overwritten is every payload lost.
 * A crash leaves either no file or a whole one, and of two processes at once one wins.
 */
export function generateMasterKeyFile(path: string): boolean {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return publishNewKey(path);
  } catch (cause) {
    throw new ConfigurationError(`the master key file ${path} cannot be written`, cause);
  }
}

function publishNewKey(path: string): boolean {
  const draft = `${path}.${randomBytes(8).toString('hex')}.new`;
  try {
    writeDurably(draft, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
    const isNew = appear(draft, path);
    syncFolder(dirname(path));
    return isNew;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** A link appears at once and whole, and unlike a rename it refuses to replace what is there. */
function appear(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', OWNER_ONLY);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The new name itself must survive a power cut, or payloads sealed a second later are lost. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The bytes of a key or password file; `ConfigurationError` when others on this machine can read them too. */
export function readPrivateFile(path: string): Buffer {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const content = readFileSync(file);
    if (!isPublic(content)) refuseShared(path, fstatSync(file));
    return content;
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError(`the file ${path} cannot be read`, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const CERTIFICATES = /^(?:[^-]*-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----)+[^-]*$/;

/** Certificates and nothing else (RFC 7468): the authorities that a system trusts are for all to read. */
const isPublic = (content: Buffer): boolean => CERTIFICATES.test(content.toString('latin1'));

/**
 * OpenSSH's rule for private keys: a file of ours must be ours alone. One that somebody else owns was mounted by an
 * orchestrator, which guards the mount and often cannot set the mode; and without user ids (Windows) modes say nothing.
 */
function refuseShared(path: string, { uid, mode }: Stats): void {
  if (process.getuid === undefined || uid !== process.getuid()) return;
  if ((mode & GROUP_AND_OTHERS) === 0) return;
  throw new ConfigurationError(`the file ${path} is open to other users: run "chmod 600 ${path}"`);
}
