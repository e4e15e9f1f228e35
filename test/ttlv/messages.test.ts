import { expect } from 'chai';
import { keyLength } from '../../src/ttlv/attributes.ts';
import { authenticationItem } from '../../src/ttlv/credentials.ts';
import {
  readRequest,
  readResponse,
  requestMessage,
  type Response,
  responseMessage,
} from '../../src/ttlv/messages.ts';
import {
  createKeyPairRequest,
  destroyRequest,
  locateRequest,
  queryRequest,
  registerRequest,
} from '../../src/ttlv/requests.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import {
  children,
  decode,
  encode,
  enumeration,
  find,
  integer,
  type Item,
  need,
  structure,
  text,
  TtlvError,
} from '../../src/ttlv/ttlv.ts';
import { hasTypedAttributes, isNewer, VERSIONS } from '../../src/ttlv/versions.ts';
import { response, TRIPLE_DES } from './response-vectors.ts';

const SENT = { version: '1.2', operation: 'Destroy' } as const;
const read = (item: Item, sent: Parameters<typeof readResponse>[1] = SENT): Response =>
  readResponse(decode(encode(item)), sent);

/** An answer to Destroy, with the children of its batch item and of its header as given. */
function answer(batchItem: readonly Item[], { count = 1, items = 1, minor = 2 } = {}): Item {
  return structure(TAG['Response Message'], [
    structure(TAG['Response Header'], [
      structure(TAG['Protocol Version'], [
        integer(TAG['Protocol Version Major'], 1),
        integer(TAG['Protocol Version Minor'], minor),
      ]),
      integer(TAG['Batch Count'], count),
    ]),
    ...Array.from({ length: items }, () => structure(TAG['Batch Item'], batchItem)),
  ]);
}

/** With its header back to front. */
function reordered(message: Item): Item {
  const [header, ...rest] = children(message);
  const turned = structure(header!.tag, children(header!).toReversed());
  return structure(message.tag, [turned, ...rest]);
}

const DESTROY = enumeration(TAG.Operation, 0x14);
const SUCCESS = enumeration(TAG['Result Status'], 0);
const FAILED = enumeration(TAG['Result Status'], 1);
const REASON = enumeration(TAG['Result Reason'], 0x0c);
const PAYLOAD = structure(TAG['Response Payload'], [text(TAG['Unique Identifier'], '1')]);

describe('a response', () => {
  it('tells a success', () => {
    const success = readResponse(decode(response('V16 Register')), { version: '1.2', operation: 'Register' });
    expect(success).to.include({ version: '1.2', operation: 'Register', status: 'Success' });
    expect(success.reason).to.equal(undefined);
    expect(need(success.payload, TAG['Unique Identifier'], 'textString').value).to.equal('1');
  });

  it('tells a failure, its reason, and the server’s words', () => {
    const failed = readResponse(decode(response('V16 Destroy of an active')), SENT);
    expect(failed).to.include({ status: 'Operation Failed', reason: 0x0c, operation: 'Destroy' });
    expect(failed.message).to.equal('Object is active and cannot be destroyed.');
    expect(children(failed.payload)).to.deep.equal([]);
  });

  it('may name no operation when the request was not understood', () => {
    const failed = readResponse(decode(response('V8')), SENT);
    expect(failed).to.include({
      operation: undefined,
      status: 'Operation Failed',
      reason: 4,
      version: '1.1',
    });
  });

  it('may come without a payload, and with things that nobody knows', () => {
    expect(read(answer([DESTROY, SUCCESS])).payload.value).to.deep.equal([]);
    const odd = text(0x54abcd, 'whatever');
    expect(read(answer([odd, DESTROY, odd, SUCCESS, odd, PAYLOAD, odd])).status).to.equal('Success');
  });

  it('may give a reason that only its vendor knows, or none', () => {
    const own = enumeration(TAG['Result Reason'], 0x8000_0001);
    expect(read(answer([DESTROY, FAILED, own])).reason).to.equal(0x8000_0001);
    expect(read(answer([DESTROY, FAILED])).reason).to.equal(undefined);
  });

  it('may still be pending', () => {
    const pending = enumeration(TAG['Result Status'], 2);
    expect(read(answer([DESTROY, pending])).status).to.equal('Operation Pending');
  });

  const REFUSED: Readonly<Record<string, Item>> = {
    'a request': requestMessage({ version: '1.2' }, destroyRequest('1')),
    'a message without a header': structure(TAG['Response Message'], [
      structure(TAG['Batch Item'], [DESTROY, SUCCESS]),
    ]),
    'a header after the batch item': structure(TAG['Response Message'], [
      ...children(answer([DESTROY, SUCCESS])).toReversed(),
    ]),
    'a batch count before the version': reordered(answer([DESTROY, SUCCESS])),
    'a batch count of two': answer([DESTROY, SUCCESS], { count: 2 }),
    'a batch count of none': answer([DESTROY, SUCCESS], { count: 0 }),
    'two batch items that are counted as one': answer([DESTROY, SUCCESS], { items: 2 }),
    'two batch items': answer([DESTROY, SUCCESS], { items: 2, count: 2 }),
    'no batch item': answer([], { items: 0 }),
    'another operation': answer([enumeration(TAG.Operation, 0x0a), SUCCESS]),
    'a later version': answer([DESTROY, SUCCESS], { minor: 3 }),
    'success of no operation': answer([SUCCESS, PAYLOAD]),
    'no status': answer([DESTROY]),
    'an unknown status': answer([DESTROY, enumeration(TAG['Result Status'], 4)]),
    'a status of another type': answer([DESTROY, integer(TAG['Result Status'], 0)]),
    'two statuses': answer([DESTROY, SUCCESS, FAILED]),
    'two operations': answer([DESTROY, DESTROY, SUCCESS]),
    'a status before the operation': answer([SUCCESS, DESTROY]),
    'a reason before the status': answer([DESTROY, REASON, FAILED]),
    'a payload before the status': answer([DESTROY, PAYLOAD, SUCCESS]),
    'a payload that is no structure': answer([DESTROY, SUCCESS, text(TAG['Response Payload'], '')]),
  };
  for (const [name, message] of Object.entries(REFUSED)) {
    it(`is refused for ${name}`, () => {
      expect(() => read(message)).to.throw(TtlvError);
    });
  }

  it('reads what a server of ours would say', () => {
    const message = responseMessage({
      version: '1.4',
      timeStamp: 0n,
      operation: 'Locate',
      status: 'Operation Failed',
      reason: 'Item Not Found',
      message: 'nothing',
    });
    expect(read(message, { version: '2.1', operation: 'Locate' })).to.include({
      version: '1.4',
      operation: 'Locate',
      reason: 1,
      message: 'nothing',
    });
  });
});

describe('a request', () => {
  const HEADER = {
    credential: { type: 'Username and Password', username: 'admin', password: 's3cret' },
    maximumResponseSize: 1_048_576,
    clientCorrelation: 'req-1',
  } as const;

  for (const version of VERSIONS) {
    it(`is read as it was made, in ${version}`, () => {
      const request = registerRequest(version, { object: TRIPLE_DES, attributes: [] });
      const received = readRequest(decode(encode(requestMessage({ version, ...HEADER }, request))));
      expect(received).to.include({ version, operation: 'Register' });
      expect(received.payload.value).to.deep.equal(request.payload);
      expect(find(received.header, TAG.Authentication)).to.deep.equal(authenticationItem(HEADER.credential));
      const form = hasTypedAttributes(version) ? TAG.Attributes : TAG['Template-Attribute'];
      expect(find(received.payload, form)?.value).to.deep.equal([]);
    });
  }

  it('has its header in the order of the standard', () => {
    const { header } = readRequest(
      requestMessage({ version: '1.4', ...HEADER }, queryRequest(['Operations'])),
    );
    expect(header.value.map(({ tag }) => tag)).to.deep.equal([
      TAG['Protocol Version'],
      TAG['Maximum Response Size'],
      TAG['Client Correlation Value'],
      TAG.Authentication,
      TAG['Batch Count'],
    ]);
  });

  it('says nothing that its version does not know', () => {
    const { header } = readRequest(
      requestMessage({ version: '1.3', ...HEADER }, queryRequest(['Operations'])),
    );
    expect(find(header, TAG['Client Correlation Value'])).to.equal(undefined);
    const search = { attributes: [], offset: 5, maximumItems: 2 };
    expect(locateRequest('1.2', search).payload.map(({ tag }) => tag)).to.deep.equal([TAG['Maximum Items']]);
    expect(locateRequest('1.3', search).payload.map(({ tag }) => tag)).to.deep.equal([
      TAG['Maximum Items'],
      TAG['Offset Items'],
    ]);
    const registration = { object: TRIPLE_DES, attributes: [], protection: ['Hardware'] } as const;
    expect(registerRequest('1.4', registration).payload).to.have.length(3);
    expect(registerRequest('2.0', registration).payload).to.have.length(4);
  });

  it('sends no set of attributes that is empty for a pair of keys', () => {
    for (const [version, form] of [
      ['1.4', TAG['Common Template-Attribute']],
      ['2.0', TAG['Common Attributes']],
    ] as const) {
      const pair = { common: [keyLength(2048)], privateKey: [], publicKey: [] };
      expect(createKeyPairRequest(version, pair).payload.map(({ tag }) => tag)).to.deep.equal([form]);
    }
  });

  it('can be made by a device', () => {
    const item = authenticationItem({ type: 'Device', serialNumber: 'sn', network: 'net', password: 'pw' });
    const value = children(children(item)[0]!)[1]!;
    expect(children(value)).to.deep.equal([
      text(TAG['Device Serial Number'], 'sn'),
      text(TAG.Password, 'pw'),
      text(TAG['Network Identifier'], 'net'),
    ]);
  });

  it('is refused when it asks for what does not exist', () => {
    const message = decode(encode(requestMessage({ version: '1.2' }, destroyRequest('1'))));
    const changed = encode(message);
    changed[changed.indexOf('42005c05', 0, 'hex') + 11] = 0x77;
    expect(() => readRequest(decode(changed))).to.throw(TtlvError, 'unknown operation');
    const turned = structure(TAG['Batch Item'], [structure(TAG['Request Payload'], []), DESTROY]);
    const other = structure(message.tag, [children(message)[0]!, turned]);
    expect(() => readRequest(other)).to.throw(TtlvError, 'another order');
    expect(() => readRequest(decode(response('V3')))).to.throw(TtlvError, 'not a Request Message');
  });
});

describe('versions', () => {
  it('are compared by number', () => {
    expect(isNewer('2.0', '1.4')).to.equal(true);
    expect(isNewer('1.10', '1.4')).to.equal(true);
    expect(isNewer('1.4', '2.0')).to.equal(false);
    expect(isNewer('2.1', '2.1')).to.equal(false);
    expect(isNewer('10.0', '2.1')).to.equal(true);
  });
});
