import { describeStoreOutages } from '../conformance/secret-store-outages.ts';
import { absentKmip, kmipAddress, openKmip, tlsOf, type Client } from './kmip-server.ts';

/** An attempt has to end within two seconds. */
const TIMEOUTS = { connect: 1.5, request: 1.5 };

if (absentKmip === undefined) {
  describeStoreOutages('kmip', () => ({
    server: kmipAddress(),
    open: ({ host, port }) => openKmip({ host, port, timeouts: TIMEOUTS, generate: false }),
    refused: Object.fromEntries(
      (['expired', 'foreign', 'no-usage'] as const).map((client: Client) => [
        `a certificate that is ${client}`,
        ({ host, port }) => openKmip({ host, port, timeouts: TIMEOUTS, tls: tlsOf(client) }),
      ]),
    ),
  }));
}
