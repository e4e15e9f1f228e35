import { createPrivateKey, createPublicKey } from 'node:crypto';
import { expect } from 'chai';
import { databases, skipAloud, type TestDatabase } from '../helpers/databases.ts';
import { absentServers, areServersRequired, REAL_STORES } from '../helpers/real-stores.ts';
import {
  createWorkplace,
  serveProcess,
  until,
  type ServingProcess,
  type Workplace,
} from './broker-process.ts';
import { send, type Answer } from './client.ts';
import { assignEach, configureAllStores } from './several-stores.ts';

describe('orders at every kind of store', function () {
  this.timeout(90_000);
  const absent = absentServers();
  if (absent !== undefined) {
    skipAloud(absent, areServersRequired());
    return;
  }
  let place: Workplace;
  let database: TestDatabase;
  let broker: ServingProcess;

  before(async () => {
    place = createWorkplace();
    database = await databases()[0]!.open();
    const file = await configureAllStores(place, database);
    await assignEach(file, REAL_STORES);
    broker = await serveProcess(file);
  });
  after(async () => {
    broker.kill('SIGTERM');
    expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
    await database.close();
    place.remove();
  });

  for (const { kind } of REAL_STORES) {
    const ask = (method: string, path: string, body?: object): Promise<Answer> =>
      send(broker.url, method, path, {
        project: `p-${kind}`,
        ...(body === undefined ? {} : { body }),
        ...(path.endsWith('/payload') ? { headers: { Accept: 'application/octet-stream' } } : {}),
      });
    const pathOf = (ref: unknown): string => new URL(String(ref)).pathname;
    /** The order once it is done. */
    const ordered = async (type: string, meta: object): Promise<NonNullable<Answer['json']>> => {
      const placed = await ask('POST', '/v1/orders', { type, meta });
      expect(placed.status, placed.text).to.equal(202);
      const order = await until(
        async () => {
          const { json } = await ask('GET', pathOf(placed.json?.['order_ref']));
          return json?.['status'] === 'PENDING' ? undefined : json;
        },
        'the end of an order',
        60_000,
      );
      expect(order, JSON.stringify(order)).to.include({ status: 'ACTIVE' });
      return order;
    };
    const payloadAt = async (ref: unknown): Promise<Buffer> => {
      const answer = await ask('GET', `${pathOf(ref)}/payload`);
      expect(answer.status, answer.text).to.equal(200);
      return answer.bytes;
    };

    for (const [algorithm, bits] of [
      ['aes', 256],
      ['hmacsha256', 256],
    ] as const) {
      it(`${kind}: a key for ${algorithm}, read and deleted`, async () => {
        const meta = { algorithm, bit_length: bits, payload_content_type: 'application/octet-stream' };
        const { secret_ref: ref } = await ordered('key', meta);
        expect(await payloadAt(ref)).to.have.length(bits / 8);
        expect((await ask('DELETE', pathOf(ref))).status).to.equal(204);
        expect((await ask('GET', pathOf(ref))).status).to.equal(404);
      });
    }

    for (const [algorithm, bits, passphrase] of [
      ['rsa', 2048, undefined],
      ['rsa', 2048, 'hush'],
      ['ecdsa', 256, undefined],
    ] as const) {
      const how = passphrase === undefined ? '' : ' under a passphrase';
      it(`${kind}: a pair for ${algorithm}${how}, whose halves belong together`, async () => {
        const meta = { algorithm, bit_length: bits, payload_content_type: 'application/octet-stream' };
        const order = await ordered('asymmetric', passphrase === undefined ? meta : { ...meta, passphrase });
        const { json } = await ask('GET', pathOf(order['container_ref']));
        const refs = new Map(
          (json?.['secret_refs'] as { name: string; secret_ref: string }[]).map((one) => [
            one.name,
            one.secret_ref,
          ]),
        );
        const key = await payloadAt(refs.get('private_key'));
        const privateKey = createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
        const publicKey = createPublicKey(await payloadAt(refs.get('public_key')));
        const spki = { type: 'spki', format: 'der' } as const;
        expect(publicKey.export(spki)).to.deep.equal(createPublicKey(privateKey).export(spki));
        for (const ref of refs.values()) expect((await ask('DELETE', pathOf(ref))).status).to.equal(204);
      });
    }
  }
});
