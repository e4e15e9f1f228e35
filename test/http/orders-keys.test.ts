import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  sign,
  type KeyObject,
  verify,
} from 'node:crypto';
import { expect } from 'chai';
import type { TestApp } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import {
  key,
  make,
  membersOf,
  ordered,
  pair,
  pathIn,
  payloadOf,
  shown,
  workingBroker,
} from './orders-requests.ts';
import { freshProject } from './wire.ts';

const TEXT = Buffer.from('attack at dawn');
const PASSPHRASE = 'correct horse Schlüssel 鍵';

interface Pair {
  readonly privateKey: Buffer;
  readonly publicKey: Buffer;
  readonly passphrase: Buffer | undefined;
}

async function payloadsOf(app: TestApp, container: string): Promise<Pair> {
  const members = await membersOf(app, container);
  const passphrase = members['private_key_passphrase'];
  return {
    privateKey: await payloadOf(app, String(members['private_key'])),
    publicKey: await payloadOf(app, String(members['public_key'])),
    passphrase: passphrase === undefined ? undefined : await payloadOf(app, passphrase),
  };
}

function expectPair(privateKey: KeyObject, publicKey: KeyObject): void {
  const signature = sign('sha256', TEXT, privateKey);
  expect(verify('sha256', TEXT, publicKey, signature)).to.equal(true);
  expect(verify('sha256', Buffer.from('attack at noon'), publicKey, signature)).to.equal(false);
}

describeDatabases('generated keys are of use', (dialect) => {
  const app = workingBroker(dialect);

  it('AES encrypts and decrypts, and no two keys are alike', async () => {
    const seen = new Set<string>();
    for (const bits of [128, 192, 256]) {
      const order = await make(app(), key({ algorithm: 'aes', bit_length: bits }));
      const bytes = await payloadOf(app(), pathIn(order, 'secret_ref'));
      const iv = Buffer.alloc(16);
      const cipher = createCipheriv(`aes-${bits}-cbc`, bytes, iv);
      const sealed = Buffer.concat([cipher.update(TEXT), cipher.final()]);
      const decipher = createDecipheriv(`aes-${bits}-cbc`, bytes, iv);
      expect(Buffer.concat([decipher.update(sealed), decipher.final()]).equals(TEXT)).to.equal(true);
      seen.add(bytes.toString('hex').slice(0, 32));
    }
    expect(seen.size).to.equal(3);
  });

  for (const [algorithm, bits] of [
    ['rsa', 1024],
    ['RSA', 2048],
    ['rsa', 4096],
  ] as const) {
    for (const passphrase of [undefined, PASSPHRASE]) {
      it(`${algorithm} ${bits}${passphrase === undefined ? '' : ' with a passphrase'}`, async () => {
        const meta = {
          algorithm,
          bit_length: bits,
          ...(passphrase === undefined ? {} : { passphrase: ` ${passphrase}\n` }),
        };
        const order = await make(app(), pair(meta));
        const made = await payloadsOf(app(), pathIn(order, 'container_ref'));
        const label = passphrase === undefined ? 'PRIVATE KEY' : 'ENCRYPTED PRIVATE KEY';
        expect(made.privateKey.toString('latin1')).to.match(
          new RegExp(`^-----BEGIN ${label}-----\n[\\s\\S]+\n-----END ${label}-----\n$`),
        );
        expect(made.publicKey.toString('latin1')).to.match(/^-----BEGIN PUBLIC KEY-----\n/);
        expect(made.passphrase?.toString('utf8')).to.equal(passphrase);
        if (passphrase !== undefined) {
          expect(() => createPrivateKey(made.privateKey)).to.throw();
          const wrong = { key: made.privateKey, passphrase: 'wrong' };
          expect(() => createPrivateKey(wrong)).to.throw();
        }
        const privateKey = createPrivateKey({ key: made.privateKey, ...(passphrase ? { passphrase } : {}) });
        const publicKey = createPublicKey(made.publicKey);
        expect(privateKey.asymmetricKeyDetails).to.deep.equal({
          modulusLength: bits,
          publicExponent: 65537n,
        });
        expectPair(privateKey, publicKey);
        expect(privateDecrypt(privateKey, publicEncrypt(publicKey, TEXT)).equals(TEXT)).to.equal(true);
      });
    }
  }

  for (const [algorithm, bits] of [
    ['ECDSA', 256],
    ['ecdsa', 384],
    ['Ed25519', 256],
  ] as const) {
    it(`${algorithm} ${bits}, which the original does not know`, async () => {
      const order = await make(app(), pair({ algorithm, bit_length: bits, passphrase: PASSPHRASE }));
      const container = pathIn(order, 'container_ref');
      expect(await shown(app(), container)).to.include({ type: 'generic' });
      const made = await payloadsOf(app(), container);
      const privateKey = createPrivateKey({ key: made.privateKey, passphrase: PASSPHRASE });
      const publicKey = createPublicKey(made.publicKey);
      const hash = algorithm === 'Ed25519' ? null : 'sha256';
      expect(verify(hash, TEXT, publicKey, sign(hash, TEXT, privateKey))).to.equal(true);
    });
  }

  for (const passphrase of [undefined, PASSPHRASE]) {
    it(`DSA, in DER${passphrase === undefined ? '' : ' with a passphrase'}`, async () => {
      for (const [bits, divisorLength] of [
        [1024, 160],
        [2048, 256],
      ]) {
        const order = await make(app(), pair({ algorithm: 'DSA', bit_length: bits, passphrase }));
        const container = pathIn(order, 'container_ref');
        expect(await shown(app(), container)).to.include({ type: 'dsa' });
        const made = await payloadsOf(app(), container);
        const privateKey = createPrivateKey({
          key: made.privateKey,
          format: 'der',
          type: 'pkcs8',
          ...(passphrase ? { passphrase } : {}),
        });
        const publicKey = createPublicKey({ key: made.publicKey, format: 'der', type: 'spki' });
        expect(privateKey.asymmetricKeyDetails).to.deep.equal({ modulusLength: bits, divisorLength });
        expectPair(privateKey, publicKey);
      }
    });
  }
});

/** Whatever form a careless line might give it. */
const formsOf = (text: string): readonly string[] => [
  text,
  Buffer.from(text).toString('base64').replaceAll('=', ''),
  Buffer.from(text).toString('hex'),
];

describeDatabases('the passphrase of an order', (dialect) => {
  const app = workingBroker(dialect);
  const CANARY = 'canary-passphrase-5b1f3f7e';

  it('is nowhere but in its secret', async () => {
    const answers: string[] = [];
    const ask = async (method: string, path: string, body?: unknown): Promise<void> => {
      answers.push((await app().request(method, path, { body })).text);
    };
    for (const name of ['passphrase', 'pass_phrase']) {
      for (const algorithm of ['rsa', 'bogus']) {
        const meta = { algorithm, bit_length: 1024, [name]: CANARY };
        await ask('GET', await ordered(app(), pair(meta)));
        const order = await make(app(), pair(meta));
        answers.push(JSON.stringify(order));
        if (algorithm !== 'rsa') continue;
        const members = await membersOf(app(), pathIn(order, 'container_ref'));
        const path = String(members['private_key_passphrase']);
        answers.push(JSON.stringify(await shown(app(), path)));
        expect((await payloadOf(app(), path)).toString('utf8')).to.equal(CANARY);
        expect(await shown(app(), path)).to.deep.include({ content_types: { default: 'text/plain' } });
      }
      await ask('POST', '/v1/orders', pair({ algorithm: 'rsa', bit_length: 7, [name]: CANARY }));
      await ask('POST', '/v1/orders', pair({ algorithm: 'rsa', bit_length: 8, [name]: [CANARY] }));
      await ask('POST', '/v1/orders', pair({ algorithm: 'rsa', bit_length: 8, [name]: CANARY.repeat(50) }));
      await ask('POST', '/v1/orders', { type: 'asymmetric', meta: CANARY });
      await ask('POST', '/v1/orders', key({ algorithm: 'aes', bit_length: 256, [name]: CANARY }));
    }
    await ask('GET', '/v1/orders?limit=100');
    const { knex } = app().broker.database;
    const rows = JSON.stringify([await knex('orders'), await knex('secrets'), await knex('sealed_payloads')]);
    const places = [rows, app().logged(), app().audited(), ...answers];
    for (const form of formsOf(CANARY)) {
      for (const place of places) expect(place).not.to.contain(form);
    }
    expect(app().audited()).to.contain('orders:post');
  });

  it('is left to the sweep when its order fails', async () => {
    const { knex } = app().broker.database;
    const as = freshProject();
    await make(app(), pair({ algorithm: 'bogus', bit_length: 1024, passphrase: 'hush' }), as);
    const own = knex('secrets').where({ project_id: as.project });
    const states: readonly Record<string, string>[] = await own.select('state', 'updated_at');
    expect(states.map(({ state }) => state)).to.deep.equal(['pending']);
    expect(states[0]?.['updated_at']?.slice(0, 2)).to.equal('20');
  });
});
