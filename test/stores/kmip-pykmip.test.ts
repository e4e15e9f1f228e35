import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { attributesOf } from '../../backends/kmip/find.ts';
import { createTlsIdentity } from '../../backends/kmip/identity.ts';
import { createLinks, type Link } from '../../backends/kmip/links.ts';
import { ConfigurationError, StoreMisconfigured, type BrokerError } from '../../src/errors.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { storeRef, type SecretStore, type StoreRef } from '../../src/stores/secret-store.ts';
import { readGet, readIdentifier } from '../../src/ttlv/answers.ts';
import { objectName } from '../../src/ttlv/attributes.ts';
import { OPAQUE_DATA_NONE } from '../../src/ttlv/enums.ts';
import { getRequest, registerRequest } from '../../src/ttlv/requests.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { absentKmip, kmipConfig, leavingNothing, openKmip, ownNamespace, tlsOf } from './kmip-server.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const QUICK = { generate: false };
const MADE_FOR_DAYS = 825;

describe('kmip on PyKMIP', function () {
  this.timeout(20_000);
  before(function () {
    if (absentKmip !== undefined) this.skip();
  });

  const opened: SecretStore[] = [];
  const open = async (changes: Readonly<Record<string, unknown>> = {}): Promise<SecretStore> => {
    const store = leavingNothing(await openKmip({ ...QUICK, ...changes }));
    opened.push(store);
    return store;
  };
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  /** A connection past the store, as this or another client. */
  const raw = (changes: Readonly<Record<string, unknown>> = {}): Promise<Link> => {
    const options = kmipConfig(changes);
    return createLinks(options, createTlsIdentity('raw', options.tls, Date.now), Date.now).open();
  };
  const uidIn = (ref: StoreRef): string => ref.slice(ref.lastIndexOf(':') + 1);

  it('says who it talks to, in which version, and how long the certificates last', async () => {
    const facts = await (await open()).health();
    expect(facts).to.include({ vendor: 'PyKMIP 0.10.0 Software Server', version: '2.0', connections: 1 });
    expect(facts['certificate_days']).to.be.within(1, MADE_FOR_DAYS);
    expect(facts['server_certificate_days']).to.be.within(1, MADE_FOR_DAYS);
  });

  for (const version of ['1.0', '1.1', '1.2', '1.3', '1.4', '2.0']) {
    it(`keeps, finds and destroys in ${version}`, async () => {
      const store = await open({ versions: [version] });
      expect(await store.health()).to.include({ version });
      for (const [secretType, payload] of [
        ['opaque', Buffer.from([0])],
        ['passphrase', Buffer.from('pass')],
        ['symmetric', randomBytes(32)],
        ['private', rsa.privateKey.export({ type: 'pkcs8', format: 'der' })],
        ['public', rsa.publicKey.export({ type: 'spki', format: 'der' })],
      ] as const) {
        const secret = aSecretHeader({ secretType, algorithm: secretType === 'symmetric' ? 'aes' : null });
        const ref = await store.put(secret, payloadOf(payload));
        expect(await store.locate(secret), secretType).to.equal(ref);
        expect(await bytesOf(store, secret, ref), secretType).to.deep.equal(payload);
        await store.destroy(secret, ref);
        expect(await store.get(secret, ref), secretType).to.equal(undefined);
      }
    });
  }

  it('does not open where no version is spoken by both', async () => {
    const error = (await rejection(open({ versions: ['2.1'] }))) as BrokerError;
    expect(error).to.be.instanceOf(StoreMisconfigured);
    expect(error.detail).to.contain('does not understand KMIP 2.1').and.contain('"versions"');
  });

  it('keeps each type as what it is, and gives the very bytes back', async () => {
    const store = await open();
    const link = await raw();
    try {
      for (const [header, payload, type] of [
        [{ secretType: 'symmetric', algorithm: 'aes' }, randomBytes(32), 'Symmetric Key'],
        [{ secretType: 'symmetric', algorithm: 'desede' }, randomBytes(24), 'Opaque Object'],
        [{ secretType: 'passphrase' }, Buffer.from('p\n'), 'Secret Data'],
        [{ secretType: 'private' }, rsa.privateKey.export({ type: 'pkcs8', format: 'der' }), 'Private Key'],
        [{ secretType: 'public' }, rsa.publicKey.export({ type: 'spki', format: 'der' }), 'Public Key'],
        [{ secretType: 'certificate' }, Buffer.from('no certificate'), 'Opaque Object'],
      ] as const satisfies readonly (readonly [Partial<SecretHeader>, Buffer, string])[]) {
        const secret = aSecretHeader(header);
        const ref = await store.put(secret, payloadOf(payload));
        const kept = await link.ask(getRequest(uidIn(ref)), (answer) => readGet(answer).object.type);
        expect(kept).to.equal(type);
        expect(await bytesOf(store, secret, ref)).to.deep.equal(payload);
      }
    } finally {
      link.close();
    }
  });

  it('takes the first of several objects with one name, and destroys them all', async () => {
    const namespace = ownNamespace();
    const store = await open({ namespace });
    const secret = aSecretHeader();
    const link = await raw();
    const register = (text: string): Promise<string> => {
      const object = { type: 'Opaque Object', dataType: OPAQUE_DATA_NONE, value: Buffer.from(text) } as const;
      const attributes = [objectName(`${namespace}:appliance:${secret.id}`)];
      return link.ask(registerRequest(link.profile.version, { object, attributes }), readIdentifier);
    };
    const [first, second] = [await register('same'), await register('same')];
    const ref = await store.put(secret, payloadOf('same'));
    expect(uidIn(ref)).to.equal(first);
    await store.destroy(secret, ref);
    for (const uid of [first, second]) {
      const error = await rejection(link.ask(getRequest(uid), () => true));
      expect(String((error as Error).cause)).to.contain('Item Not Found');
    }
    link.close();
  });

  it('never takes the object of another client for absent, nor touches it', async () => {
    const store = await open();
    const stranger = await open({ tls: tlsOf('stranger') });
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('mine'));
    expect(await stranger.locate(secret)).to.equal(undefined);
    for (const attempt of [stranger.get(secret, ref), stranger.destroy(secret, ref)]) {
      const error = (await rejection(attempt)) as BrokerError;
      expect(error).to.be.instanceOf(StoreMisconfigured);
      expect(error.detail).to.contain('Permission Denied');
    }
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal('mine');
  });

  it('gives nothing by a ref that names another object', async () => {
    const store = await open();
    const [mine, other] = [aSecretHeader(), aSecretHeader()];
    await store.put(mine, payloadOf('mine'));
    const strayed = storeRef(`put:${mine.id}:${uidIn(await store.put(other, payloadOf('other')))}`);
    expect(await rejection(store.get(mine, strayed))).to.have.property('status', 500);
  });

  it('destroys what is active', async () => {
    const store = await open({ activate: true });
    const secret = aSecretHeader({ secretType: 'symmetric', algorithm: 'aes', bitLength: 256 });
    const ref = await store.put(secret, payloadOf(randomBytes(32)));
    const link = await raw();
    expect(JSON.stringify((await attributesOf(link, uidIn(ref), ['State']))?.value)).to.contain('"value":2');
    link.close();
    await store.destroy(secret, ref);
    expect(await store.locate(secret)).to.equal(undefined);
  });

  describe('as a maker of keys', () => {
    it('claims what the server makes, and no more', async () => {
      const { generator } = await open({ generate: true });
      const makes = (algorithm: string, bits: number): boolean | undefined =>
        generator?.makesKey(aSecretHeader({ secretType: 'symmetric', algorithm }), bits);
      expect([128, 192, 256].map((bits) => makes('AES', bits))).to.deep.equal([true, true, true]);
      expect(makes('desede', 192), '3DES').to.equal(true);
      expect([makes('aes', 512), makes('hmacsha256', 256), makes('des', 64)]).to.deep.equal([
        false,
        false,
        false,
      ]);
      expect(generator?.makesPair('rsa', 2048)).to.equal(true);
      expect([generator?.makesPair('rsa', 1024), generator?.makesPair('ecdsa', 256)]).to.deep.equal([
        false,
        false,
      ]);
    });

    it('adopts what an attempt left whose answer was lost, and replaces half of a pair', async () => {
      const store = await open({ generate: true });
      const { generator } = store;
      const secret = aSecretHeader({ secretType: 'symmetric', algorithm: 'aes', bitLength: 256 });
      const made = await generator!.makeKey(secret, 256);
      expect(await generator!.makeKey(secret, 256)).to.deep.equal(made);
      const pair = {
        privateKey: aSecretHeader({ secretType: 'private', algorithm: 'rsa' }),
        publicKey: aSecretHeader({ secretType: 'public', algorithm: 'rsa' }),
      };
      const first = await generator!.makePair(pair, 'rsa', 2048);
      expect(await generator!.makePair(pair, 'rsa', 2048)).to.deep.equal(first);
      await store.destroy(pair.publicKey, first.publicKey.ref);
      const second = await generator!.makePair(pair, 'rsa', 2048);
      expect(second.privateKey.ref).not.to.equal(first.privateKey.ref);
      expect(await store.get(pair.privateKey, first.privateKey.ref)).to.equal(undefined);
    });
  });

  describe('with the wrong papers', () => {
    for (const [what, changes, words] of [
      ['a certificate that has expired', { tls: 'expired' }, 'expired on'],
      ['a certificate of another authority', { tls: 'foreign' }, 'does not know the authority'],
      ['a certificate not meant for clients', { tls: 'no-usage' }, 'Authentication Not Successful'],
      ['an authority that did not sign the server', { authority: 'foreign-ca' }, 'not signed by tls.ca'],
      ['a name that is not the server’s', { servername: 'kmip.example.org' }, 'names another host'],
      ['nothing but ciphers the server has not', { ciphers: 'ECDHE-RSA-CHACHA20-POLY1305' }, 'tls.ciphers'],
      ['nothing but a TLS the server has not', { min_version: 'TLSv1.3' }, 'tls.min_version'],
    ] as const) {
      it(`says what is wrong with ${what}`, async () => {
        const {
          tls: client = 'client',
          authority = 'ca',
          ...more
        } = { ...changes } as {
          tls?: 'expired';
          authority?: string;
        };
        const error = (await rejection(
          open({ tls: { ...tlsOf(client, authority), ...more } }),
        )) as BrokerError;
        expect(error, String(error.detail)).to.be.instanceOf(StoreMisconfigured);
        expect(error.detail, error.detail).to.contain(words).and.contain('store "appliance"');
      });
    }

    for (const [what, changes, words] of [
      ['a key of another certificate', { key: 'stranger' }, 'not the key of tls.cert'],
      ['a certificate that is none', { cert: '-----BEGIN CERTIFICATE-----\nx\n' }, 'tls.cert'],
      ['ciphers that do not exist', { ciphers: 'NONE-SUCH' }, 'tls cannot be used'],
    ] as const) {
      it(`says before it connects what is wrong with ${what}`, async () => {
        const { key } = changes as { key?: 'stranger' };
        const foreign = key === undefined ? {} : { key: (tlsOf(key) as { key: string }).key };
        const error = await rejection(open({ tls: { ...tlsOf(), ...changes, ...foreign } }));
        expect(error).to.be.instanceOf(ConfigurationError);
        expect((error as Error).message)
          .to.contain(words)
          .and.contain('store "appliance"');
      });
    }
  });

  it('shows payloads in no error', async () => {
    const store = await open();
    const canary = `canary-${randomBytes(8).toString('hex')}`;
    const secret = aSecretHeader();
    await store.put(secret, payloadOf(canary));
    const error = (await rejection(store.put(secret, payloadOf(`${canary}!`)))) as BrokerError;
    expect(`${error.message} ${String(error.detail)} ${String(error.cause)}`).not.to.contain(canary);
  });
});
