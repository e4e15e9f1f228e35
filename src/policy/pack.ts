import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { pack } from 'tar-stream';
import { contentOf, ENTRYPOINT } from './bundle.ts';

/** What the compiler made. */
export interface PackInput {
  readonly wasm: Buffer;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The largest block that deflate stores without compressing it (RFC 1951 section 3.2.4). */
const MAX_STORED_BLOCK = 0xffff;
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/**
 * An OPA bundle whose bytes depend on its content alone, so that a committed one can be compared with a fresh one. Not
 * compressed, since no two releases of zlib promise the same bytes.
 */
export async function packBundle({ wasm, data }: PackInput): Promise<Buffer> {
  const json = Buffer.from(JSON.stringify(data));
  const manifest = {
    revision: `sha256-${createHash('sha256').update(json).update(wasm).digest('hex').slice(0, 16)}`,
    roots: [''],
    rego_version: 1,
    wasm: [{ entrypoint: ENTRYPOINT, module: '/policy.wasm' }],
  };
  return storedGzip(
    await tar([
      ['.manifest', Buffer.from(JSON.stringify(manifest))],
      ['data.json', json],
      ['policy.wasm', wasm],
    ]),
  );
}

async function tar(files: readonly (readonly [string, Buffer])[]): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of files) archive.entry({ name, mtime: new Date(0), mode: 0o644 }, content);
  archive.finalize();
  return contentOf(archive);
}

/** RFC 1952: header, stored blocks, checksum and length of the content. */
function storedGzip(content: Buffer): Buffer {
  const parts: Buffer[] = [GZIP_HEADER];
  for (let start = 0; start < content.length; start += MAX_STORED_BLOCK) {
    const block = content.subarray(start, start + MAX_STORED_BLOCK);
    const header = Buffer.alloc(5);
    header.writeUInt8(start + block.length === content.length ? 1 : 0, 0);
    header.writeUInt16LE(block.length, 1);
    header.writeUInt16LE(block.length ^ 0xffff, 3);
    parts.push(header, block);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);
  return Buffer.concat([...parts, trailer]);
}
