import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createRest } from '../../backends/dogtag/rest.ts';
import { ConfigurationError, StoreMisconfigured, StoreUnavailable } from '../../src/errors.ts';
import { rejection } from '../conformance/secret-store-fixture.ts';
import { describeStoreOutages, type Address } from '../conformance/secret-store-outages.ts';
import { createCertificate, EC, LOOPBACK } from './dogtag-certificates.ts';
import { DOGTAG_URL, openDogtag, optionsOf, pkiFile, skipWithoutDogtag } from './dogtag-server.ts';

const SHORT = { connect: 1, request: 2 };
const at = ({ host, port }: Address): string => `https://${host}:${port}`;
const withTls = (changes: object): object => ({ ...optionsOf().tls, ...changes });

describe('dogtag, from a distance', function () {
  this.timeout(60_000);
  if (DOGTAG_URL === undefined) return skipWithoutDogtag();
  const { hostname, port } = new URL(DOGTAG_URL);
  const as = (credentials: string) => (address: Address) =>
    openDogtag({ url: at(address), timeouts: SHORT }, credentials);

  describeStoreOutages('dogtag', () => ({
    server: { host: hostname, port: Number(port) },
    open: as('agent'),
    refused: {
      'a certificate of no user': as('unmapped'),
      'a user who is no agent': as('outsider'),
      'a certificate that has ended': as('expired'),
      'a certificate of another authority': as('foreign'),
      'an authority that did not sign the server': (address) =>
        openDogtag({ url: at(address), timeouts: SHORT, tls: withTls({ ca: pkiFile('foreign.crt') }) }),
    },
  }));

  describe('what it tells the operator', () => {
    const told = async (opening: Promise<unknown>, kind: abstract new (...words: never[]) => Error) => {
      const error = await rejection(opening);
      expect(error).to.be.instanceOf(kind);
      return error instanceof StoreUnavailable ? error.detail : (error as Error).message;
    };

    it('of certificates that the server refuses', async () => {
      expect(await told(openDogtag({}, 'unmapped'), StoreMisconfigured))
        .to.contain('401')
        .and.contain('tls.cert');
      expect(await told(openDogtag({}, 'outsider'), StoreMisconfigured))
        .to.contain('403 ForbiddenException')
        .and.contain('Data Recovery Manager Agents');
      expect(await told(openDogtag({}, 'foreign'), StoreMisconfigured)).to.match(/refuses us: .*ALERT/);
    });

    it('of a certificate that ended, before and after the server was asked', async () => {
      expect(await told(openDogtag({}, 'expired'), ConfigurationError)).to.contain('tls.cert ended on');
      const rest = createRest(optionsOf({}, 'expired'));
      const asking = rest.send({ method: 'GET', path: '/kra/rest/account/login' });
      expect(await told(asking, StoreMisconfigured)).to.match(/refuses us: .*ALERT/);
      rest.close();
    });

    it("of a server's certificate that it does not trust, or of another name", async () => {
      const ca = withTls({ ca: pkiFile('foreign.crt') });
      expect(await told(openDogtag({ tls: ca }), StoreMisconfigured)).to.contain('tls.ca');
      const servername = withTls({ servername: 'kra.example.org' });
      expect(await told(openDogtag({ tls: servername }), StoreMisconfigured)).to.contain('tls.servername');
    });

    it('of a key that is not that of the certificate, or is none', async () => {
      const other = withTls({ key: pkiFile('unmapped.key') });
      expect(await told(openDogtag({ tls: other }), ConfigurationError)).to.contain('does not belong to');
      const broken = withTls({ key: pkiFile('agent.key').replace(/\n[A-Za-z0-9+/]{10}/, '\n----------') });
      expect(await told(openDogtag({ tls: broken }), ConfigurationError)).to.contain('tls.key');
    });

    it('of a server that does not speak TLS', async () => {
      const plain = await listening(createServer((_, response) => response.end('hello')));
      const url = at({ host: '127.0.0.1', port: portOf(plain) });
      try {
        expect(await told(openDogtag({ url }), StoreMisconfigured)).to.contain('does not speak TLS');
      } finally {
        plain.closeAllConnections();
        plain.close();
      }
    });

    it('of a port where nobody listens', async () => {
      const nobody = await listening(createServer());
      const url = at({ host: '127.0.0.1', port: portOf(nobody) });
      await new Promise((resolve) => nobody.close(resolve));
      const detail = await told(openDogtag({ url }), StoreUnavailable);
      expect(detail).to.contain('store "kra"').and.contain('refuses connections').and.contain('ECONNREFUSED');
    });

    it('never anything of the key', async () => {
      const { cert, key } = createCertificate('canary', [...EC, ...LOOPBACK]);
      const error = await rejection(openDogtag({ tls: withTls({ cert, key }) }));
      const line = key.split('\n')[1] ?? '';
      expect(JSON.stringify([error, (error as StoreUnavailable).detail, String(error)])).not.to.contain(line);
    });
  });
});

const listening = (server: Server): Promise<Server> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
const portOf = (server: Server): number => (server.address() as AddressInfo).port;
