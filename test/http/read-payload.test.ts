import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { BINARY, broker, BYTES, created, expectError, sqlite, TEXT } from './wire.ts';

const OCTETS = 'application/octet-stream';
const UTF8 = 'text/plain; charset=UTF-8';
const PKCS8 = 'application/pkcs8';

/** The type of the answer to each Accept, for a stored text and for stored bytes that are no text; 406: refused. */
const NEGOTIATED: readonly [accept: string | undefined, text: string | 406, binary: string | 406][] = [
  [undefined, OCTETS, OCTETS],
  ['', OCTETS, OCTETS],
  ['*/*', UTF8, OCTETS],
  ['text/plain', UTF8, 406],
  ['text/plain;charset=utf-8', 'text/plain;charset=utf-8', 406],
  ['text/plain; charset=utf-8', 'text/plain; charset=utf-8', 406],
  [OCTETS, OCTETS, OCTETS],
  [PKCS8, PKCS8, PKCS8],
  ['application/json', 406, 406],
  ['text/html', 406, 406],
  ['image/png', 406, 406],
  ['application/xml', 406, 406],
  ['i/m', 406, 406],
  ['foo/bar', 406, 406],
  ['application/aes', 406, 406],
  ['application/json, text/html', 406, 406],
  // Where the original refuses what HTTP admits, the answer is what HTTP asks for.
  ['text/plain, application/octet-stream', UTF8, OCTETS],
  ['application/octet-stream, text/plain', UTF8, OCTETS],
  ['text/plain;q=0.1, application/octet-stream', OCTETS, OCTETS],
  ['text/html, */*;q=0.1', UTF8, OCTETS],
  ['application/json, text/plain, */*', UTF8, OCTETS],
  ['text/*', UTF8, 406],
  ['application/*', OCTETS, OCTETS],
  ['text/plain;q=0.5', UTF8, 406],
  ['text/plain;q=0, */*', OCTETS, OCTETS],
  ['TEXT/PLAIN', UTF8, 406],
  ['text/plain; charset=UTF-8', UTF8, 406],
  ['application/octet-stream; charset=utf-8', OCTETS, OCTETS],
];

describeDatabases('GET /v1/secrets/{id}/payload', (dialect) => {
  const app = broker(dialect);
  let text = '';
  let binary = '';
  let pkcs8 = '';
  before(async () => {
    text = await created(app(), TEXT);
    binary = await created(app(), BINARY);
    pkcs8 = await created(app(), { ...BINARY, payload_content_type: PKCS8 });
  });
  const get = (path: string, accept: string | undefined): Promise<Answer> =>
    app().request('GET', `${path}/payload`, { headers: accept === undefined ? {} : { Accept: accept } });

  for (const [accept, forText, forBinary] of NEGOTIATED) {
    it(`Accept ${accept === undefined ? 'absent' : `"${accept}"`}`, async () => {
      expectPayload(await get(text, accept), forText, Buffer.from(TEXT.payload));
      expectPayload(await get(binary, accept), forBinary, BYTES);
    });
  }

  it('of PKCS#8 is PKCS#8 for whoever takes anything', async () => {
    expectPayload(await get(pkcs8, '*/*'), PKCS8, BYTES);
    expectPayload(await get(pkcs8, undefined), OCTETS, BYTES);
  });

  it('of bytes that happen to be UTF-8 may be had as text', async () => {
    const path = await created(app(), { ...BINARY, payload: Buffer.from('né').toString('base64') });
    expectPayload(await get(path, 'text/plain'), UTF8, Buffer.from('né'));
    expectPayload(await get(path, '*/*'), OCTETS, Buffer.from('né'));
  });

  it('of text that is no UTF-8 is bytes for whoever takes anything', async () => {
    const path = await created(app());
    await app().request('PUT', path, { body: BYTES, headers: { 'Content-Type': 'text/plain' } });
    expectPayload(await get(path, '*/*'), OCTETS, BYTES);
    expectPayload(await get(path, 'text/plain'), 406, BYTES);
  });

  it('has a length, and is not to be sniffed at as JSON', async () => {
    const answer = await get(text, 'text/plain');
    expect(answer.headers['content-length']).to.equal(String(TEXT.payload.length));
    expect(answer.headers['openstack-api-version']).to.equal('key-manager 1.0');
  });

  it('is 404 without payload, whatever is accepted', async () => {
    const path = await created(app());
    for (const accept of [undefined, 'text/plain', 'application/json', 'foo/bar', 'TEXT/PLAIN']) {
      expectError(await get(path, accept), 404, NO_PAYLOAD);
    }
  });

  it('with a wrapped session key needs the transport key’s id', async () => {
    const query = 'trans_wrapped_session_key=abc';
    const answer = await app().request('GET', `${text}/payload?${query}`);
    expectError(answer, 400, WITHOUT_TRANSPORT_KEY);
    expect((await app().request('GET', `${text}/payload?trans_wrapped_session_key=`)).status).to.equal(200);
    const empty = await created(app());
    expectError(await app().request('GET', `${empty}/payload?${query}`), 404, NO_PAYLOAD);
  });

  it('that cannot be opened is our fault, and says nothing', async () => {
    const path = await created(app(), TEXT);
    const id = path.split('/').at(-1) ?? '';
    await app()
      .broker.database.knex('sealed_payloads')
      .where({ secret_id: id })
      .update({ blob: Buffer.alloc(80, 1) });
    const failure = 'failure seen - please contact site administrator.';
    expectError(await get(path, 'text/plain'), 500, `Secret payload retrieval ${failure}`);
    const old = await app().request('GET', path, { headers: { Accept: 'text/plain' } });
    expectError(old, 500, `Secret retrieval ${failure}`);
    expect((await app().request('GET', path)).status).to.equal(200);
  });
});

const NO_PAYLOAD = 'Not Found. Sorry but your secret has no payload.';
const WITHOUT_TRANSPORT_KEY =
  'Transport key wrapped session key has been provided to wrap secrets for retrieval, but the transport key id has not been provided.';
const WRONG = 'Secret retrieval issue seen - Wrong payload content-type.';

/** The deprecated way: exact types only, so that a list that admits text does not turn a record into a payload. */
const DEPRECATED: readonly [accept: string, text: string | 400 | 406, binary: string | 400 | 406][] = [
  ['', OCTETS, OCTETS],
  ['text/plain', UTF8, 406],
  ['text/plain;charset=utf-8', 'text/plain;charset=utf-8', 406],
  ['text/plain; charset=utf-8', 'text/plain; charset=utf-8', 406],
  [OCTETS, OCTETS, OCTETS],
  [PKCS8, PKCS8, PKCS8],
  ['application/json; charset=utf-8', 406, 406],
  ['application/json, text/plain, */*', 406, 406],
  ['application/json, */*', 406, 406],
  ['APPLICATION/JSON', 406, 406],
  ['application/json ,', 406, 406],
  ['*/*;q=0.8', 406, 406],
  ['text/*', 406, 406],
  ['application/*', 406, 406],
  ['text/plain, application/octet-stream', 406, 406],
  ['text/plain;q=0.5', 406, 406],
  ['text/html', 406, 406],
  ['i/m', 406, 406],
  ['TEXT/PLAIN', 400, 400],
  ['text/plain; charset=UTF-8', 400, 400],
  ['application/octet-stream; charset=utf-8', 400, 400],
  ['Application/PKCS8', 400, 400],
];

describe('GET /v1/secrets/{id} for the payload', () => {
  const app = broker(sqlite());
  let paths: Readonly<Record<'text' | 'binary' | 'empty', string>>;
  before(async () => {
    paths = {
      text: await created(app(), TEXT),
      binary: await created(app(), BINARY),
      empty: await created(app()),
    };
  });
  const get = (path: string, Accept: string, query = ''): Promise<Answer> =>
    app().request('GET', path + query, { headers: { Accept } });

  for (const [accept, text, binary] of DEPRECATED) {
    it(`Accept "${accept}"`, async () => {
      expectPayload(await get(paths.text, accept), text, Buffer.from(TEXT.payload), 'Secret retrieval');
      expectPayload(await get(paths.binary, accept), binary, BYTES, 'Secret retrieval');
      expectError(await get(paths.empty, accept), 404, NO_PAYLOAD);
    });
  }

  for (const accept of ['application/json', '*/*']) {
    it(`Accept "${accept}" is for the record`, async () => {
      for (const path of Object.values(paths)) {
        expect((await get(path, accept)).json).to.have.property('secret_ref');
      }
    });
  }

  it('with a wrapped session key needs the transport key’s id', async () => {
    const query = '?trans_wrapped_session_key=abc';
    expectError(await get(paths.text, 'text/plain', query), 400, WITHOUT_TRANSPORT_KEY);
    expect((await get(paths.text, 'application/json', query)).status).to.equal(200);
  });

  it('a refusal of a list names the reason', async () => {
    expectError(await get(paths.text, 'application/json, */*'), 406, WRONG);
  });
});

/** The payload as this type; or the refusal of the original. */
function expectPayload(
  answer: Answer,
  outcome: string | 400 | 406,
  bytes: Buffer,
  operation = 'Secret payload retrieval',
): void {
  if (outcome === 406) {
    return expectError(answer, 406, `${operation} issue seen - Wrong payload content-type.`);
  }
  if (outcome === 400) {
    expect(answer.status).to.equal(400);
    expect(answer.json?.['description']).to.match(
      new RegExp(`^${operation} issue seen - content-type of '[^']+' not supported\\.$`),
    );
    return;
  }
  expect(answer.status, answer.text).to.equal(200);
  expect(answer.headers['content-type']).to.equal(outcome);
  expect(answer.bytes.equals(bytes), answer.text).to.equal(true);
}
