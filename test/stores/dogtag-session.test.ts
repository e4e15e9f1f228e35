import { expect } from 'chai';
import { StoreMisconfigured, StoreRejected, StoreUnavailable } from '../../src/errors.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { createCertificate, EC, RSA } from './dogtag-certificates.ts';
import { HTML, startFakeKra, TRANSPORT, type FakeAnswer, type FakeKra } from './dogtag-fake.ts';

describe('the session with a KRA', () => {
  let kra: FakeKra;
  beforeEach(async () => {
    kra = await startFakeKra();
  });
  afterEach(() => kra.close());

  const logins = (): number => kra.seen.filter(({ line }) => line.endsWith('account/login')).length;

  it('is one for all requests', async () => {
    const store = await kra.open();
    const before = kra.seen.length;
    await Promise.all([1, 2, 3].map(() => store.put(aSecretHeader(), payloadOf('x'))));
    const cookies = new Set(kra.seen.slice(before).map(({ cookie }) => cookie));
    expect([...cookies]).to.deep.equal(['JSESSIONID=1']);
    expect(logins()).to.equal(1);
  });

  it('takes up the cookie of a new one when the server has forgotten it', async () => {
    const store = await kra.open();
    kra.respond(({ line, cookie }) =>
      line.includes('keys?') && cookie === 'JSESSIONID=1'
        ? { status: 200, json: { entries: [] }, cookie: 'JSESSIONID=2' }
        : undefined,
    );
    await store.locate(aSecretHeader());
    await store.locate(aSecretHeader());
    expect(kra.seen.at(-1)?.cookie).to.equal('JSESSIONID=2');
  });

  it('is opened anew once when the server says 401, for all who wait', async () => {
    const store = await kra.open();
    let isOver = true;
    kra.respond(({ line }) => {
      if (line.endsWith('account/login')) isOver = false;
      return isOver && line.includes('keys?') ? HTML(401) : undefined;
    });
    expect(await store.locate(aSecretHeader())).to.equal(undefined);
    expect(logins()).to.equal(2);
  });

  it('is not tried again and again when the server goes on refusing', async () => {
    const store = await kra.open();
    kra.respond(({ line }) => (line.includes('/kra/') ? HTML(401) : undefined));
    expect(await rejection(store.locate(aSecretHeader()))).to.be.instanceOf(StoreMisconfigured);
    expect(logins()).to.equal(2);
  });

  it('ends when the store is closed', async () => {
    const store = await kra.open();
    await store.close();
    await store.close();
    expect(kra.seen.at(-1)?.line).to.equal('GET /kra/rest/account/logout');
  });
});

describe('the transport certificate of a KRA', () => {
  let kra: FakeKra;
  beforeEach(async () => {
    kra = await startFakeKra();
  });
  afterEach(() => kra.close());

  const DAY_MS = 86_400_000;
  const refusedTransport = async (opening: Promise<unknown>): Promise<string | undefined> => {
    const error = await rejection(opening);
    expect(error).to.be.instanceOf(StoreMisconfigured);
    expect((error as StoreMisconfigured).detail).to.contain('transport certificate');
    return (error as StoreMisconfigured).detail;
  };

  it('is fetched anew when the KRA has another, for archivals and for retrievals', async () => {
    const store = await kra.open();
    const secret = aSecretHeader();
    kra.useTransport(createCertificate('next', RSA(2048)));
    const ref = await store.put(secret, payloadOf('under the next'));
    kra.useTransport(TRANSPORT);
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal('under the next');
  });

  for (const [what, words] of [
    ['has no RSA key', EC],
    ['has a short RSA key', RSA(1024)],
  ] as const) {
    it(`keeps the store closed when it ${what}`, async () => {
      kra.useTransport(createCertificate('odd', words));
      expect(await refusedTransport(kra.open())).to.contain('RSA');
    });
  }

  it('keeps the store closed when it begins later', async () => {
    const error = refusedTransport(kra.open({}, () => Date.now() - DAY_MS / 2));
    expect(await error).to.contain('begins on');
  });

  it('is fetched anew when it has ended, and is then refused', async () => {
    let now = Date.now();
    const store = await kra.open({}, () => now);
    now += 2 * DAY_MS;
    expect(await refusedTransport(store.put(aSecretHeader(), payloadOf('x')))).to.contain('ended on');
    kra.useTransport(createCertificate('next', RSA(2048)));
    now -= DAY_MS * 1.5;
    await store.put(aSecretHeader(), payloadOf('x'));
    expect(await store.health()).to.include({ transport_certificate_days_left: 0 });
  });

  it('keeps the store closed when it is none', async () => {
    kra.useTransport({ cert: 'nothing', key: '' });
    expect(await rejection(kra.open())).to.be.instanceOf(StoreRejected);
  });
});

describe('the version of the interface of a KRA', () => {
  let kra: FakeKra;
  beforeEach(async () => {
    kra = await startFakeKra();
  });
  afterEach(() => kra.close());

  const asV2 = ({ line }: { readonly line: string }): FakeAnswer | undefined => {
    if (line === 'GET /pki/v2/info') return { status: 200, json: { Version: '11.6.0' } };
    if (line.includes('/kra/rest')) return HTML(404);
    if (line.endsWith('/config/cert/transport')) return { status: 200, json: { Encoded: TRANSPORT.cert } };
    if (line.endsWith('/account/login')) return { status: 200, json: { id: 'postern' } };
    if (line.includes('/kra/v2/agent/keys?')) return { status: 200, json: { entries: [] } };
    return undefined;
  };

  it('is the second where there is one', async () => {
    kra.respond(asV2);
    expect(await (await kra.open()).health()).to.include({ api: 'v2', version: '11.6.0' });
  });

  it('is the first where there is no second, or if told so', async () => {
    expect(await (await kra.open()).health()).to.include({ api: 'rest', version: '10.10.2' });
    kra.respond(({ line }) =>
      line === 'GET /pki/v2/info' ? { status: 200, json: { Version: '11' } } : undefined,
    );
    expect(await (await kra.open({ api: 'rest' })).health()).to.include({ api: 'rest' });
  });

  it('is not guessed while the server does not answer', async () => {
    kra.respond(() => HTML(503));
    const error = await rejection(kra.open());
    expect(error).to.be.instanceOf(StoreUnavailable).and.not.instanceOf(StoreMisconfigured);
  });

  it('is an error to be told about when there is none that was asked for', async () => {
    expect(await rejection(kra.open({ api: 'v2' }))).to.be.instanceOf(StoreMisconfigured);
  });
});
