import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { integer, pem, sequence, withoutOctetString } from '../../backends/pkcs11/der.ts';
import { createFrameReader, encodeFrame, type Frame } from '../../backends/pkcs11/frames.ts';
import { pkcs11Options } from '../../backends/pkcs11/index.ts';
import { TokenFault } from '../../backends/pkcs11/rv.ts';
import { createSessionPool, type SessionPool } from '../../backends/pkcs11/session-pool.ts';
import { rejection } from '../conformance/secret-store-fixture.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

describe('frames between broker and token process', () => {
  it('come out as they went in, however the socket cuts them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(bytes, { maxLength: 5 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 700 }),
        (messages, cut) => {
          const sent = Buffer.concat(messages.map((parts, id) => encodeFrame({ id, text: 'ü' }, parts)));
          const frames: Frame[] = [];
          const read = createFrameReader((frame) => frames.push(frame));
          for (let at = 0; at < sent.length; at += cut) read(Buffer.from(sent.subarray(at, at + cut)));
          expect(frames.map(({ head }) => head['id'])).to.deep.equal(messages.map((_, id) => id));
          for (const [n, parts] of messages.entries())
            expect(frames[n]?.parts.map((part) => part.toString('hex'))).to.deep.equal(
              parts.map((part) => part.toString('hex')),
            );
        },
      ),
    );
  });

  it('leave nothing in what was read', () => {
    const chunk = encodeFrame({ id: 1 }, [Buffer.from('canary')]);
    createFrameReader(() => undefined)(chunk);
    expect(chunk.every((byte) => byte === 0)).to.equal(true);
  });

  it('are refused when they are too long, end early or have no head', () => {
    const longs = [Buffer.from('ffffffff', 'hex'), Buffer.from('00000000', 'hex')];
    const early = [Buffer.from('0000000400000005', 'hex'), Buffer.from('000000080000000000ff0000', 'hex')];
    for (const bad of [...longs, ...early])
      expect(() => createFrameReader(() => undefined)(Buffer.from(bad)), bad.toString('hex')).to.throw();
  });
});

describe('keys as a token gives them, written down', () => {
  it('are PEM as Node writes it', () => {
    fc.assert(
      fc.property(bytes, (der) => {
        const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
        const body = lines.map((line) => `${line}\n`).join('');
        expect(pem('X', der).toString()).to.equal(`-----BEGIN X-----\n${body}-----END X-----\n`);
      }),
    );
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const der = privateKey.export({ type: 'pkcs8', format: 'der' });
    expect(pem('PRIVATE KEY', der).toString()).to.equal(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(createPublicKey(createPrivateKey(pem('PRIVATE KEY', der))).asymmetricKeyType).to.equal('rsa');
  });

  it('have integers that are positive and as short as can be', () => {
    const cases = {
      '00': '020100',
      '7f': '02017f',
      '80': '02020080',
      '0001': '020101',
      '00ff': '020200ff',
      '': '020100',
    };
    for (const [hex, expected] of Object.entries(cases))
      expect(integer(Buffer.from(hex, 'hex')).toString('hex'), hex).to.equal(expected);
  });

  it('have lengths of one, two and three bytes', () => {
    for (const [size, head] of [
      [127, '307f'],
      [128, '308180'],
      [255, '3081ff'],
      [256, '30820100'],
      [65_536, '3083010000'],
    ] as const)
      expect(sequence(randomBytes(size)).toString('hex').startsWith(head), String(size)).to.equal(true);
  });

  it('may have a point in an OCTET STRING, or bare', () => {
    const bare = Buffer.from('04aabb', 'hex');
    expect(withoutOctetString(Buffer.from('040304aabb', 'hex'))).to.deep.equal(bare);
    expect(withoutOctetString(bare)).to.deep.equal(bare);
  });
});

describe('options of a pkcs11 store', () => {
  const given = {
    kind: 'pkcs11',
    name: 'hsm',
    library: '/lib.so',
    token_label: 'postern',
    pin: '1234',
    master_keys: [{ id: 'a', mkek_label: 'm', hmac_label: 'h' }],
  };
  const faults = (changes: object): readonly string[] => {
    const checked = pkcs11Options.safeParse({ ...given, ...changes });
    return checked.success ? [] : checked.error.issues.map(({ message }) => message);
  };

  it('take mechanisms by name and by number', () => {
    const { mechanisms } = pkcs11Options.parse({
      ...given,
      mechanisms: { gcm: 0x8000_011c, wrap: 'CKM_AES_KEY_WRAP_PAD', mac_key_type: 'CKK_SHA256_HMAC' },
    });
    expect(mechanisms).to.include({ gcm: 0x8000_011c, wrap: 0x210a, mac_key_type: 0x2b, mac: 0x251 });
  });

  it('are refused where they cannot be meant', () => {
    const key = given.master_keys[0];
    for (const [what, changes] of Object.entries({
      'no token': { token_label: undefined },
      'a label of 33 bytes': { token_label: 'x'.repeat(33) },
      'no master key': { master_keys: [] },
      'an id twice': { master_keys: [key, key] },
      'an unknown mode': { mode: 'X' },
      'an unknown mechanism': { mechanisms: { wrap: 'CKM_AES_CBC_PAD' } },
      'an unknown option': { slots: 1 },
      'no sessions': { sessions: 0 },
    }))
      expect(faults(changes), what).not.to.have.length(0);
    expect(faults({})).to.deep.equal([]);
  });
});

describe('the sessions of a token', () => {
  /** Sessions are numbers in a buffer; so many can be open at once. */
  function aToken(most: number): {
    opened: number[];
    closed: number[];
    most: number;
    isAlive: boolean;
    pool(size: number): SessionPool;
  } {
    return {
      opened: [],
      closed: [],
      most,
      isAlive: true,
      pool(size) {
        return createSessionPool({
          size,
          open: () => {
            if (this.opened.length - this.closed.length >= this.most)
              throw new TokenFault('unavailable', 'full');
            this.opened.push(this.opened.length);
            return Buffer.from([this.opened.length - 1]);
          },
          close: ([session]) => this.closed.push(session ?? -1),
          isAlive: () => this.isAlive,
          ambiguous: new Set([5]),
        });
      },
    };
  }
  const failing = (fault: TokenFault) => (): Promise<never> => Promise.reject(fault);
  const kept = new TokenFault('integrity', 'a wrong tag', { code: 0x40 });

  it('are opened at once, as many as there are, and more when there are more', async () => {
    const token = aToken(2);
    const pool = token.pool(4);
    expect(pool.counts()).to.deep.equal({ sessions: 2, busy: 0, waiting: 0 });
    token.most = 3;
    const used = await Promise.all(
      [1, 2, 3].map(() => pool.use(100, ([session]) => Promise.resolve(session))),
    );
    expect(new Set(used).size).to.equal(3);
    expect(pool.counts().sessions).to.equal(3);
    expect(() => aToken(0).pool(1)).to.throw();
  });

  it('serve one operation each, and who waits in turn', async () => {
    const pool = aToken(1).pool(1);
    const order: number[] = [];
    let atOnce = 0;
    const work = (n: number): Promise<void> =>
      pool.use(1_000, async () => {
        atOnce += 1;
        expect(atOnce).to.equal(1);
        await new Promise((resolve) => setTimeout(resolve, 2));
        atOnce -= 1;
        order.push(n);
      });
    await Promise.all([0, 1, 2, 3, 4].map(work));
    expect(order).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it('are closed after any failure but a clean refusal of bytes', async () => {
    const token = aToken(1);
    const pool = token.pool(1);
    expect(await rejection(pool.use(100, failing(kept)))).to.equal(kept);
    expect(token.closed).to.deep.equal([]);
    await rejection(pool.use(100, failing(new TokenFault('unavailable', 'no', { code: 0x30 }))));
    await rejection(pool.use(100, failing(new TokenFault('integrity', 'perhaps', { code: 5 }))));
    await rejection(pool.use(100, () => Promise.reject(new RangeError('ours'))));
    expect(token.closed).to.deep.equal([0, 1, 2]);
    expect(pool.counts()).to.include({ sessions: 1, busy: 0 });
  });

  it('make an outage of a failure without a reason when the token is gone', async () => {
    const token = aToken(1);
    token.isAlive = false;
    const perhaps = new TokenFault('integrity', 'perhaps', { code: 5 });
    const fault = (await rejection(token.pool(1).use(100, failing(perhaps)))) as TokenFault;
    expect([fault.kind, fault.repair]).to.deep.equal(['unavailable', 'reset']);
  });

  it('let wait so many for so long', async () => {
    const pool = aToken(1).pool(1);
    let release = (): void => undefined;
    const busy = pool.use(1_000, () => new Promise<void>((resolve) => (release = resolve)));
    const late = rejection(pool.use(20, () => Promise.resolve())) as Promise<TokenFault>;
    expect((await late).kind).to.equal('unavailable');
    const waiting = Array.from({ length: 32 }, () => pool.use(1_000, () => Promise.resolve()));
    expect(((await rejection(pool.use(1_000, () => Promise.resolve()))) as TokenFault).kind).to.equal(
      'overloaded',
    );
    release();
    await Promise.all([busy, ...waiting]);
    expect(pool.counts()).to.deep.equal({ sessions: 1, busy: 0, waiting: 0 });
  });

  it('tell how long a call is overdue', async () => {
    const pool = aToken(1).pool(1);
    expect(pool.overdueMs()).to.equal(0);
    const slow = pool.use(10, () => new Promise((resolve) => setTimeout(resolve, 60)));
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(pool.overdueMs()).to.be.above(10);
    await slow;
    expect(pool.overdueMs()).to.equal(0);
  });
});
