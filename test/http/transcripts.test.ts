import { expect } from 'chai';
import { broker, exchange, handmade, UUID4, type RawAnswer } from './wire.ts';

const ID = new RegExp(UUID4, 'g');
const REQUEST = new RegExp(`req-${UUID4}`);

/** Whole answers of the original, byte by byte but for ids, times and the web server's own headers. */
describe('transcripts of the original', () => {
  const app = broker();
  const say = (line: string, headers: readonly string[] = [], body = ''): Promise<RawAnswer> => {
    const length =
      body === '' && !/^(POST|PUT)/.test(line) ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
    return exchange(app().url, handmade(line, [...headers, ...length], body));
  };
  const post = (body: string, line = 'POST /v1/secrets/'): Promise<RawAnswer> =>
    say(line, ['Content-Type: application/json'], body);
  const idIn = (answer: RawAnswer): string => answer.body.match(ID)?.[0] ?? '';

  it('one-step secret', async () => {
    const posted = await post('{"name": "s", "payload": "x", "payload_content_type": "text/plain"}');
    const id = idIn(posted);
    expect(posted.body).to.equal(`{"secret_ref":"http://broker.test/v1/secrets/${id}"}`);
    expect(linesOf(posted)).to.deep.equal([
      'content-length: 83',
      'content-type: application/json',
      `location: http://broker.test/v1/secrets/${id}`,
      'openstack-api-version: key-manager 1.0',
      'vary: openstack-api-version',
      'x-openstack-request-id: req-ID',
    ]);
    expect(posted.head).to.match(/^HTTP\/1.1 201 Created\r\n/);

    const read = await say(`GET /v1/secrets/${id}/payload`, ['Accept: text/plain']);
    expect(read.head).to.match(/^HTTP\/1.1 200 OK\r\n/);
    expect(read.body).to.equal('x');
    expect(linesOf(read)).to.deep.equal([
      'content-length: 1',
      'content-type: text/plain; charset=utf-8',
      'openstack-api-version: key-manager 1.0',
      'vary: openstack-api-version',
      'x-openstack-request-id: req-ID',
    ]);
  });

  it('two-step secret', async () => {
    const id = idIn(await post('{}', 'POST /v1/secrets'));
    const path = `/v1/secrets/${id}`;

    const record = await say(`GET ${path}`);
    expect(record.body.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+/g, 'NOW').replaceAll(ID, 'S')).to.equal(
      '{"created":"NOW","updated":"NOW","status":"ACTIVE","name":null,"secret_type":"opaque","expiration":null,' +
        '"algorithm":null,"bit_length":null,"mode":null,"creator_id":"u-owner",' +
        '"secret_ref":"http://broker.test/v1/secrets/S"}',
    );

    const missing = await say(`GET ${path}/payload`);
    expect(missing.head).to.match(/^HTTP\/1.1 404 Not Found\r\n/);
    expect(missing.body).to.equal(
      '{"code":404,"title":"Not Found","description":"Not Found. Sorry but your secret has no payload."}',
    );

    const filled = await say(
      `PUT ${path}`,
      ['Content-Type: application/octet-stream', 'Content-Encoding: base64'],
      'YWJj',
    );
    expect(filled.head).to.match(/^HTTP\/1.1 204 No Content\r\n/);
    expect(filled.body).to.equal('');
    expect(linesOf(filled)).to.deep.equal([
      'openstack-api-version: key-manager 1.0',
      'vary: openstack-api-version',
      'x-openstack-request-id: req-ID',
    ]);

    const again = await say(`PUT ${path}`, ['Content-Type: text/plain'], 'again');
    expect(again.head).to.match(/^HTTP\/1.1 409 Conflict\r\n/);
    expect(again.body).to.equal(
      '{"code":409,"title":"Conflict","description":"Secret already has data, cannot modify it."}',
    );

    const read = await say(`GET ${path}/payload`);
    expect(read.body).to.equal('abc');
    expect(linesOf(read)).to.include('content-type: application/octet-stream');
  });

  it('errors that surprise', async () => {
    const list = await say('GET /v1/secrets', ['Accept: text/plain']);
    expect(list.head).to.match(/^HTTP\/1.1 406 Not Acceptable\r\n/);
    expect(list.body).to.equal('{"code":406,"title":"Not Acceptable","description":null}');

    const id = idIn(await post('{"payload": "x", "payload_content_type": "text/plain"}'));
    const payload = await say(`GET /v1/secrets/${id}/payload`, ['Accept: application/json']);
    expect(payload.body).to.equal(
      '{"code":406,"title":"Not Acceptable",' +
        '"description":"Secret payload retrieval issue seen - Wrong payload content-type."}',
    );

    const head = await say('HEAD /v1/secrets');
    expect(head.head).to.match(/^HTTP\/1.1 405 Method Not Allowed\r\n/);
    expect(linesOf(head)).to.include('allow: GET, POST');
    expect(head.body).to.equal('');

    // The original cuts the body and calls what is left malformed.
    const large = await post(`{"name": "${'x'.repeat(25_000)}"}`);
    expect(large.head).to.match(/^HTTP\/1.1 413 /);
    expect(large.body).to.equal(
      '{"code":413,"title":"Request Entity Too Large","description":"Provided information too large to process"}',
    );
  });
});

/** The headers, sorted, names and case-insensitive values in lower case, without those of the connection. */
function linesOf(answer: RawAnswer): readonly string[] {
  const [, ...lines] = answer.head.split('\r\n');
  return lines
    .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
    .map((line) => (/^(vary|content-type):/.test(line) ? line.toLowerCase() : line))
    .filter((line) => !/^(date|connection|keep-alive):/.test(line))
    .map((line) => line.replace(REQUEST, 'req-ID'))
    .sort();
}
