import { readFile, stat } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { ConfigurationError } from '../errors.ts';

/** Where bundles come from. */
export interface BundleSource {
  /** The archive, or `undefined` while it is the one last read (a file) or last accepted (a server). */
  read(): Promise<Uint8Array | undefined>;
  /** The archive last read is in force: it need not be sent again. */
  accept(): void;
}

/** Twice the default module and data together; an archive is held in memory. */
const MAX_ARCHIVE_BYTES = 32 * 1024 * 1024;
const FETCH_TIMEOUT_MS = 10_000;

export function createSource(bundle: string): BundleSource {
  if (!/^https?:/i.test(bundle)) return createFileSource(bundle);
  if (!URL.canParse(bundle)) throw new ConfigurationError('policy bundle: the URL is malformed');
  return createUrlSource(new URL(bundle));
}

function createFileSource(path: string): BundleSource {
  let seen = '';
  return {
    async read() {
      const { mtimeNs, ctimeNs, size, ino } = await stat(path, { bigint: true });
      const fingerprint = `${mtimeNs} ${ctimeNs} ${size} ${ino}`;
      if (fingerprint === seen) return undefined;
      if (size > MAX_ARCHIVE_BYTES) throw new ConfigurationError(`policy bundle: ${path} is over 32 MiB`);
      const archive = await readFile(path);
      // Taken before the read: a file that changes meanwhile is read again.
      seen = fingerprint;
      return archive;
    },
    accept() {},
  };
}

function createUrlSource(url: URL): BundleSource {
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new ConfigurationError('policy bundle: http is for loopback only, use https');
  }
  let accepted: string | null = null;
  let received: string | null = null;
  return {
    async read() {
      const response = await fetch(url, {
        headers: accepted === null ? {} : { 'If-None-Match': accepted },
        // A redirect could leave for another host, or for plain http.
        redirect: 'error',
        signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      });
      if (response.status === 304) return undefined;
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new ConfigurationError(`policy bundle: the server answered ${response.status}`);
      }
      received = response.headers.get('etag');
      return limitedBody(response);
    },
    accept() {
      accepted = received;
    },
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

async function limitedBody(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ARCHIVE_BYTES) throw new ConfigurationError('policy bundle: the server sent over 32 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
