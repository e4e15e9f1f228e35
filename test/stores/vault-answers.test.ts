import { expect } from 'chai';
import {
  Conflict,
  IntegrityError,
  NotSupported,
  StoreMisconfigured,
  StoreOverloaded,
  StoreRejected,
  StoreUnavailable,
} from '../../src/errors.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { refOf } from '../../backends/vault/paths.ts';
import { startFarEnd, type FarEnd, type Play, type Said } from './vault-far-end.ts';

const secret = aSecretHeader();
const ref = refOf('postern', secret);

/** Each operation, and which requests are its own. */
const OPERATIONS: Readonly<
  Record<string, readonly [own: RegExp, run: (store: SecretStore) => Promise<unknown>]>
> = {
  put: [/^POST secret\/data\//, (store) => store.put(secret, payloadOf('payload'))],
  get: [/^GET secret\/data\//, (store) => store.get(secret, ref)],
  locate: [/^GET secret\/metadata\//, (store) => store.locate(secret)],
  destroy: [/^DELETE secret\/metadata\//, (store) => store.destroy(secret, ref)],
};

type Kind = typeof StoreUnavailable | typeof StoreRejected;

/** What each status stands for, whatever was asked. Those that mean something to one operation are below. */
const STATUSES: Readonly<Record<number, Kind>> = {
  204: StoreRejected,
  301: StoreRejected,
  304: StoreRejected,
  401: StoreMisconfigured,
  403: StoreMisconfigured,
  405: StoreRejected,
  408: StoreRejected,
  412: StoreUnavailable,
  418: StoreRejected,
  429: StoreOverloaded,
  472: StoreUnavailable,
  473: StoreUnavailable,
  500: StoreUnavailable,
  502: StoreUnavailable,
  503: StoreUnavailable,
  504: StoreUnavailable,
  599: StoreUnavailable,
};

const errors = { errors: ['words that nobody reads'] };

describe('what a vault store makes of an answer', () => {
  let end: FarEnd;
  const opened: SecretStore[] = [];
  before(async () => {
    end = await startFarEnd();
  });
  beforeEach(() => {
    end.play = () => undefined;
    end.asked.length = 0;
  });
  afterEach(async () => {
    end.play = () => undefined;
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  after(() => end.close());
  const open = async (changes = {}): Promise<SecretStore> => {
    const store = await end.open(changes);
    opened.push(store);
    return store;
  };
  const only = (own: RegExp, said: ReturnType<Play>): Play => {
    return ({ method, path }) => (own.test(`${method} ${path}`) ? said : undefined);
  };

  for (const [operation, [own, run]] of Object.entries(OPERATIONS)) {
    const outcome = async (said: ReturnType<Play>): Promise<unknown> => {
      const store = await open();
      end.play = only(own, said);
      return run(store).catch((error: unknown) => error);
    };

    for (const [status, kind] of Object.entries(STATUSES)) {
      if (operation === 'destroy' && status === '204') continue;
      it(`${operation}: ${status} is ${kind.name}`, async () => {
        const error = await outcome({ status: Number(status), body: status === '204' ? undefined : errors });
        expect((error as Error).constructor).to.equal(kind);
        expect((error as StoreUnavailable).detail)
          .to.contain('"vault"')
          .and.not.to.contain('words');
      });
    }

    it(`${operation}: 404 with words is about the mount, not about the entry`, async () => {
      const error = await outcome({ status: 404, body: errors });
      expect((error as Error).constructor).to.equal(StoreMisconfigured);
    });

    it(`${operation}: 404 that is not Vault's is no absence`, async () => {
      for (const body of [undefined, '', 'not found', '{}', '[]', 'null', { errors: 'none' }, { data: {} }]) {
        const error = await outcome({ status: 404, body });
        expect((error as Error).constructor, JSON.stringify(body)).to.equal(StoreMisconfigured);
      }
    });

    it(`${operation}: no answer in time, and half of one, is unavailable`, async () => {
      for (const play of ['hang', 'cut'] as const) {
        const error = await outcome(play);
        expect((error as Error).constructor, play).to.equal(StoreUnavailable);
      }
    });
  }

  it('has a pause of the server for its callers, in seconds or by date, within an hour', async () => {
    const at = (ms: number): string => new Date(Date.now() + ms).toUTCString();
    const store = await open();
    for (const [header, least, most] of [
      ['7', 7, 7],
      ['0', 1, 1],
      ['999999', 3_600, 3_600],
      [at(30_000), 28, 31],
      [at(-30_000), 1, 1],
    ] as const) {
      end.play = only(/metadata/, { status: 429, headers: { 'Retry-After': header }, body: errors });
      const { headers } = (await rejection(store.locate(secret))) as StoreOverloaded;
      expect(Number(headers['Retry-After']), header).to.be.within(least, most);
    }
    end.play = only(/metadata/, { status: 429, headers: { 'Retry-After': 'soon' }, body: errors });
    expect(((await rejection(store.locate(secret))) as StoreOverloaded).headers).to.deep.equal({});
  });

  describe('to a write', () => {
    const put = OPERATIONS['put']![1];
    const own = OPERATIONS['put']![0];

    for (const said of [
      { status: 200, body: {} },
      { status: 200, body: { data: {} } },
      { status: 200, body: { data: { version: 0 } } },
      { status: 200, body: { data: { version: '1' } } },
      { status: 200, body: '<html>' },
      { status: 200 },
      { status: 201, body: { data: { version: 1 } } },
    ] satisfies Said[]) {
      it(`${said.status} ${JSON.stringify(said.body)} is no success`, async () => {
        const store = await open();
        end.play = only(own, said);
        expect(await rejection(put(store))).to.be.instanceOf(StoreRejected);
      });
    }

    it('413 is that the store cannot hold it', async () => {
      const store = await open();
      end.play = only(own, { status: 413, body: errors });
      expect(await rejection(put(store))).to.be.instanceOf(NotSupported);
    });

    for (const status of [400, 403]) {
      it(`${status} is settled by a look: the same, others, not ours, nothing`, async () => {
        const store = await open();
        await put(store);
        const { data } = JSON.parse(end.asked.at(-1)?.body ?? '') as { data: object };
        const found = (fields: object): Said => ({
          status: 200,
          body: { data: { data: fields, metadata: { version: 1 } } },
        });
        const refused = (look?: Said): void => {
          end.play = ({ method, path }) =>
            own.test(`${method} ${path}`)
              ? { status, body: errors }
              : path.startsWith('secret/data/')
                ? look
                : undefined;
        };
        refused(found(data));
        expect(await put(store)).to.equal(ref);
        expect(await rejection(store.put(secret, payloadOf('other')))).to.be.instanceOf(Conflict);
        refused(found({ value: 'x' }));
        expect(await rejection(put(store))).to.be.instanceOf(IntegrityError);
        refused();
        expect(await rejection(put(store))).to.be.instanceOf(
          status === 400 ? StoreRejected : StoreMisconfigured,
        );
        refused({ status: 503, body: errors });
        expect(((await rejection(put(store))) as Error).constructor).to.equal(StoreUnavailable);
      });
    }
  });

  it('that is endless is cut off, and is no answer', async () => {
    const store = await open({ timeouts: { connect: 5, request: 5 } });
    end.play = only(/^GET secret\/data/, { status: 200, body: ' '.repeat(5_000_000) });
    expect(await rejection(store.get(secret, ref))).to.be.instanceOf(StoreRejected);
  });

  it('is asked for once more, and only once, when a fresh token may help', async () => {
    const store = await open();
    let logins = 0;
    end.asked.length = 0;
    end.play = ({ path }) => {
      if (path.endsWith('/login')) {
        logins += 1;
        const auth = { client_token: `token-${logins + 1}`, lease_duration: 3_600, renewable: true };
        return { status: 200, body: { auth } };
      }
      return path === 'sys/health' ? undefined : { status: 403, body: errors };
    };
    const error = await rejection(store.get(secret, ref));
    expect(error).to.be.instanceOf(StoreMisconfigured);
    expect(end.asked.map(({ path, headers }) => `${path} ${String(headers['x-vault-token'])}`)).to.deep.equal(
      [
        `secret/data/${ref} token-1`,
        'auth/token/lookup-self token-1',
        'auth/approle/login undefined',
        `secret/data/${ref} token-2`,
      ],
    );
  });

  describe('to a question about health', () => {
    const HEALTH: Readonly<Record<number, Kind | undefined>> = {
      200: undefined,
      429: undefined,
      473: undefined,
      472: StoreUnavailable,
      501: StoreUnavailable,
      503: StoreUnavailable,
    };
    for (const [status, kind] of Object.entries(HEALTH)) {
      it(`${status} is ${kind?.name ?? 'well'}, at the start and later`, async () => {
        const body = { version: '2.4.4', standby: status !== '200' };
        const play = only(/sys\/health/, { status: Number(status), body });
        const store = await open();
        end.play = play;
        if (kind === undefined) {
          expect((await store.health())['standby']).to.equal(status !== '200');
          await open();
          return;
        }
        for (const attempt of [store.health(), end.open()])
          expect(((await rejection(attempt)) as Error).constructor).to.equal(kind);
      });
    }
  });

  it('to a login decides whether the store opens, in words for the operator', async () => {
    const LOGINS: readonly (readonly [Said | 'hang', Kind])[] = [
      [{ status: 400, body: errors }, StoreMisconfigured],
      [{ status: 403, body: errors }, StoreMisconfigured],
      [{ status: 404, body: errors }, StoreMisconfigured],
      [{ status: 429, body: errors }, StoreOverloaded],
      [{ status: 500, body: errors }, StoreUnavailable],
      [{ status: 503, body: errors }, StoreUnavailable],
      [{ status: 200, body: {} }, StoreRejected],
      [
        { status: 200, body: { auth: { client_token: '', lease_duration: 1, renewable: true } } },
        StoreRejected,
      ],
      ['hang', StoreUnavailable],
    ];
    for (const [said, kind] of LOGINS) {
      end.play = only(/login/, said);
      const error = await rejection(end.open());
      expect((error as Error).constructor, JSON.stringify(said)).to.equal(kind);
      expect((error as StoreUnavailable).detail).to.contain('"vault"');
    }
  });
});
