import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { ConfigurationError } from '../errors.ts';

/** A policy as it travels: one compiled module, its data, and the name of that pair. */
export interface Bundle {
  readonly revision: string;
  readonly wasm: Buffer;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a module is asked; see `policies/postern.rego`. */
export const ENTRYPOINT = 'postern/decision';

// An archive is hostile input: a small one may inflate without end. Our own holds three files of 200 KB together.
const MAX_ENTRIES = 256;
const MAX_INFLATED_BYTES = 32 * 1024 * 1024;
const MAX_MODULE_BYTES = 8 * 1024 * 1024;
const MAX_DATA_BYTES = 16 * 1024 * 1024;
/** Logged and audited with every decision. */
const PRINTABLE_REVISION = /^[\x21-\x7e]{1,128}$/;

/** Reads an OPA bundle (a gzipped tar) without touching the disk. Throws `ConfigurationError` for anything odd in it. */
export async function readBundle(archive: Uint8Array): Promise<Bundle> {
  const files = await readFiles(await inflate(archive));
  const manifest = objectIn(files, '.manifest');
  const wasm = files.get(modulePath(manifest));
  if (wasm === undefined) throw new ConfigurationError('policy bundle: the compiled module is missing');
  if (wasm.length > MAX_MODULE_BYTES) throw new ConfigurationError('policy bundle: the module is over 8 MiB');
  if ((files.get('data.json')?.length ?? 0) > MAX_DATA_BYTES) {
    throw new ConfigurationError('policy bundle: data.json is over 16 MiB');
  }
  return {
    revision: revisionOf(manifest, archive),
    wasm,
    data: files.has('data.json') ? objectIn(files, 'data.json') : {},
  };
}

async function inflate(archive: Uint8Array): Promise<Buffer> {
  try {
    return await promisify(gunzip)(archive, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw new ConfigurationError('policy bundle: not a gzip archive of at most 32 MiB', cause);
  }
}

async function readFiles(archive: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const entries = extract();
  entries.end(archive);
  let count = 0;
  try {
    for await (const entry of entries) {
      if (++count > MAX_ENTRIES) throw new ConfigurationError(`policy bundle: over ${MAX_ENTRIES} entries`);
      const name = plainName(entry.header.name);
      const content = await contentOf(entry);
      if (entry.header.type === 'directory') continue;
      if (entry.header.type !== 'file') throw new ConfigurationError(`policy bundle: ${name} is no file`);
      if (files.has(name)) throw new ConfigurationError(`policy bundle: ${name} is there twice`);
      checkExpected(name);
      files.set(name, content);
    }
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    throw new ConfigurationError('policy bundle: not a tar archive', cause);
  }
  return files;
}

/** The tar library declares its chunks as unknown; they are slices of what it was given. */
export async function contentOf(chunks: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk as Uint8Array);
  return Buffer.concat(parts);
}

/** The compiler writes `/data.json`; past that one slash a name has to be relative and plain. */
function plainName(name: string): string {
  const relative = name.replace(/^\.?\//, '').replace(/\/$/, '');
  const parts = relative.split('/');
  if (name !== './' && parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new ConfigurationError(`policy bundle: the name ${JSON.stringify(name)} is not allowed`);
  }
  if (/[\\\p{Cc}]/u.test(name)) {
    throw new ConfigurationError(`policy bundle: the name ${JSON.stringify(name)} is not allowed`);
  }
  return relative;
}

/** A file we would ignore may be one that was meant to matter: a patch, a signature, data of another format. */
function checkExpected(name: string): void {
  if (name === '.manifest' || name === 'data.json' || name.endsWith('.wasm') || name.endsWith('.rego'))
    return;
  throw new ConfigurationError(`policy bundle: ${name} is not supported`);
}

function objectIn(files: ReadonlyMap<string, Buffer>, name: string): Record<string, unknown> {
  const content = files.get(name);
  if (content === undefined) throw new ConfigurationError(`policy bundle: ${name} is missing`);
  let value: unknown;
  try {
    value = JSON.parse(content.toString());
  } catch (cause) {
    throw new ConfigurationError(`policy bundle: ${name} is not JSON`, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigurationError(`policy bundle: ${name} is not an object`);
  }
  return { ...value };
}

function modulePath(manifest: Readonly<Record<string, unknown>>): string {
  const resolvers: readonly unknown[] = Array.isArray(manifest['wasm']) ? manifest['wasm'] : [];
  for (const resolver of resolvers) {
    const { entrypoint, module } = (resolver ?? {}) as { entrypoint?: unknown; module?: unknown };
    if (entrypoint === ENTRYPOINT && typeof module === 'string') return plainName(module);
  }
  throw new ConfigurationError(`policy bundle: no compiled module for ${ENTRYPOINT}`);
}

function revisionOf({ revision }: Readonly<Record<string, unknown>>, archive: Uint8Array): string {
  if (revision === undefined || revision === '') {
    return `sha256-${createHash('sha256').update(archive).digest('hex').slice(0, 16)}`;
  }
  if (typeof revision === 'string' && PRINTABLE_REVISION.test(revision)) return revision;
  throw new ConfigurationError('policy bundle: the revision is not 1 to 128 printable characters');
}
