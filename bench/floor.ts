import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import pg from 'pg';

/**
 * The least any broker of this kind must do, with what this one is made of: Koa, one read or insert in PostgreSQL, and
 * AES-256-GCM. No identity, no policy, no audit, no check of anything, and no tuning: each
 * query is sent as anyone would write it. What Postern is measured against.
 */
const KEY = randomBytes(32);
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** As many connections as Postern opens when it is not told otherwise. */
const POOL_SIZE = 10;

const pool = new pg.Pool({ connectionString: process.argv[2], max: POOL_SIZE });

function seal(payload: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', KEY, nonce);
  return Buffer.concat([nonce, cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
}

function open(sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', KEY, sealed.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function create(ctx: Koa.Context): Promise<void> {
  const { payload } = JSON.parse((await bodyOf(ctx.req)).toString()) as { payload: string };
  const id = randomUUID();
  const sealed = seal(Buffer.from(payload, 'base64'));
  await pool.query({
    name: 'insert',
    text: 'insert into floor (id, sealed) values ($1, $2)',
    values: [id, sealed],
  });
  ctx.status = 201;
  ctx.body = { secret_ref: `/${id}` };
}

async function read(ctx: Koa.Context): Promise<void> {
  const found = await pool.query<{ sealed: Buffer }>('select id, sealed from floor where id = $1', [
    ctx.path.slice(1),
  ]);
  const row = found.rows[0];
  if (row === undefined) return;
  ctx.type = 'application/octet-stream';
  ctx.body = open(row.sealed);
}

await pool.query('create table floor (id text primary key, sealed bytea not null)');
const app = new Koa();
app.use((ctx) => (ctx.method === 'POST' ? create(ctx) : read(ctx)));
const server = app.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
