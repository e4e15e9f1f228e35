import { expect } from 'chai';
import { dogtagOptions } from '../../backends/dogtag/index.ts';

const PEM = '-----BEGIN EXAMPLE-----\n';
const MINIMAL = {
  kind: 'dogtag',
  name: 'kra',
  url: 'https://kra.example.org:8443',
  tls: { ca: PEM, cert: PEM, key: PEM },
};

describe('options of a dogtag store', () => {
  it('are few, with good defaults for the rest', () => {
    expect(dogtagOptions.parse(MINIMAL)).to.deep.equal({
      ...MINIMAL,
      api: 'auto',
      namespace: 'postern',
      session_key_wrap: 'rsa-pkcs1',
      timeouts: { connect: 2, request: 10, generate: 30 },
      concurrency: 8,
      deadline: 30,
    });
  });

  for (const [what, changes] of Object.entries({
    'an unknown option': { retries: 3 },
    'an unencrypted URL': { url: 'http://kra.example.org' },
    'a URL with a path': { url: 'https://kra.example.org:8443/kra' },
    'a URL with a password': { url: 'https://agent:password@kra.example.org:8443' },
    'what is no URL': { url: 'kra.example.org' },
    'a namespace that a directory reads otherwise': { namespace: 'A*' },
    'no name': { name: '' },
    'another version of the interface': { api: 'v1' },
    'no time': { timeouts: { request: 0 } },
    'no client certificate': { tls: { ca: PEM } },
  })) {
    it(`refuse ${what}`, () => {
      expect(dogtagOptions.safeParse({ ...MINIMAL, ...changes }).success).to.equal(false);
    });
  }

  it('never quote the key they refuse', () => {
    const { error } = dogtagOptions.safeParse({ ...MINIMAL, tls: { ca: PEM, cert: PEM, key: 'canary-key' } });
    expect(JSON.stringify(error?.issues)).to.contain('private key').and.not.contain('canary');
  });
});
