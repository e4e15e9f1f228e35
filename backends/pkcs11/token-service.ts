import { generatePair } from './key-pairs.ts';
import { openMasterKeys, type MasterKeys } from './master-keys.ts';
import type { Handle } from './module.ts';
import { largestPayload, testPairs } from './probes.ts';
import type { Under, WrappedKey } from './key-wrapping.ts';
import { createProjectKeyHandles, type ProjectKeyHandles } from './project-key-handles.ts';
import type { Operation, Probed, RequestHead } from './requests.ts';
import { faultOf, TokenFault } from './rv.ts';
import { atKey, testToken, type TestedToken } from './self-test.ts';
import { isPinCountLow, type Token } from './token.ts';
import {
  gcmDecrypt,
  gcmEncrypt,
  openInToken,
  sealInToken,
  signerOf,
  type At,
  type Belonging,
  type GcmInput,
} from './token-cipher.ts';

export interface Request {
  readonly head: RequestHead;
  readonly parts: readonly Buffer[];
}

export interface Answer {
  readonly head?: Readonly<Record<string, unknown>>;
  /** Wiped once they are sent. */
  readonly parts?: readonly Buffer[];
}

/** A token whose keys were found and whose mechanisms were tried. */
export interface TokenService {
  answer(request: Request): Promise<Answer>;
}

export interface TokenServiceDeps {
  readonly token: Token;
  /** The module must be started afresh: this process is done for. */
  readonly reset: () => void;
}

interface Parts extends TokenServiceDeps {
  readonly masterKeys: MasterKeys;
  readonly tested: TestedToken;
  readonly keys: ProjectKeyHandles;
}

/** Throws what an operator must change. */
export async function createTokenService({ token, reset }: TokenServiceDeps): Promise<TokenService> {
  const masterKeys = openMasterKeys(token);
  const tested = await testToken(token, masterKeys);
  const { entries, ttl } = token.options.kek_cache;
  const limits = { entries, ttlMs: ttl * 1_000 };
  const keys = createProjectKeyHandles({ token, masterKeys, wrapMechanism: tested.wrapMechanism, limits });
  const parts: Parts = { token, reset, masterKeys, tested, keys };
  // Once for all who ask: making a key pair takes a small device seconds.
  let probed: Promise<Probed> | undefined;
  const probe = (): Promise<Probed> =>
    (probed ??= probeToken(parts).catch((error: unknown) => {
      probed = undefined;
      throw error;
    }));
  return {
    answer: (request) =>
      request.head.op === 'probe'
        ? probe().then((found) => ({ head: { ...found } }))
        : mended(parts, () => perform(parts, request)),
  };
}

/** Stale sessions, handles and logins are put right and the work is done once more; never after a PIN was refused. */
async function mended(parts: Parts, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    const fault = faultOf(error);
    if (fault.repair === 'reset') parts.reset();
    if (fault.repair === 'reset' || fault.repair === 'none') throw fault;
    if (fault.repair === 'login') parts.token.login();
    if (fault.repair !== 'session') {
      parts.keys.forget();
      parts.masterKeys.forget();
    }
  }
  return work().catch((error: unknown) => {
    const fault = faultOf(error);
    if (fault.repair !== 'none') parts.reset();
    throw fault;
  });
}

type Perform = (parts: Parts, request: Request) => Promise<Answer>;

/** See requests.ts for the parts of each. */
const OPERATIONS: Readonly<Partial<Record<Operation, Perform>>> = {
  health: (parts, request) => health(parts, request),
  new_kek: (parts, request) =>
    inSession(parts, request, async (session) =>
      one(await parts.keys.create(under(request, part(request, 0)), session)),
    ),
  rewrap_kek: (parts, request) =>
    inSession(parts, request, async (session) =>
      one(await parts.keys.rewrap(wrappedKey(request), under(request, part(request, 2)), session)),
    ),
  check_kek: (parts, request) => inKey(parts, request, () => Promise.resolve({})),
  reveal_kek: (parts, request) =>
    inSession(parts, request, async (session) => one(await parts.keys.reveal(wrappedKey(request), session))),
  seal: (parts, request) =>
    inKey(parts, request, async (at) =>
      one(await sealInToken(at, belonging(request), content(parts.token), part(request, 3))),
    ),
  open: (parts, request) =>
    inKey(parts, request, async (at) => one(await openInToken(at, belonging(request), part(request, 3)))),
  signer: (parts, request) =>
    inKey(parts, request, async (at) => ({
      head: { signer: await signerOf(at, belonging(request), part(request, 3)) },
    })),
  wrap_dek: (parts, request) =>
    inKey(parts, request, async (at) => one(await gcmEncrypt(at, gcmInput(request), part(request, 4)))),
  unwrap_dek: (parts, request) =>
    inKey(parts, request, async (at) => one(await gcmDecrypt(at, gcmInput(request), part(request, 4)))),
  make_key: (parts, request) => inKey(parts, request, (at) => makeKey(at, request)),
  make_pair: (parts, request) => makePair(parts, request),
};

async function perform(parts: Parts, request: Request): Promise<Answer> {
  const operation = OPERATIONS[request.head.op];
  if (operation === undefined) throw new TokenFault('internal', `nobody answers ${request.head.op} here`);
  return operation(parts, request);
}

function inKey(parts: Parts, request: Request, work: (at: At) => Promise<Answer>): Promise<Answer> {
  const { token, keys, masterKeys } = parts;
  return inSession(parts, request, (session) =>
    keys.use(wrappedKey(request), session, (key) => work(atKey(token, masterKeys, session, key))),
  );
}

function part(request: Request, index: number): Buffer {
  const bytes = request.parts[index];
  if (bytes === undefined)
    throw new TokenFault('internal', `a request for ${request.head.op} that lacks a part`);
  return bytes;
}

const under = ({ head }: Request, aad: Buffer): Under => ({ rootKey: head.rootKey ?? '', aad });
const belonging = (request: Request): Belonging => ({ kek: wrappedKey(request), scope: part(request, 2) });
const gcmInput = (request: Request): GcmInput => ({ aad: part(request, 2), iv: part(request, 3) });
const one = (bytes: Buffer): Answer => ({ parts: [bytes] });
const content = ({ options }: Token): 'gcm' | 'cbc-mac' => options.mechanisms.content;

function inSession<T>(
  { token }: Parts,
  { head }: Request,
  work: (session: Handle) => Promise<T>,
): Promise<T> {
  return token.sessions.use(head.limit, work);
}

/** The project key that starts at the part of that index. */
function wrappedKey(request: Request, index = 0, kek = request.head.kek): WrappedKey {
  if (kek === undefined)
    throw new TokenFault('internal', `a request for ${request.head.op} without a project key`);
  const [aad, wrapped] = [part(request, index), part(request, index + 1)];
  return { id: Buffer.from(kek.id, 'hex'), version: kek.version, aad, wrapped };
}

/** From the token's random generator, and sealed before anybody else could see it. */
async function makeKey(at: At, request: Request): Promise<Answer> {
  const bytes = at.module.C_GenerateRandom(at.session, Buffer.alloc((request.head.bits ?? 0) / 8));
  try {
    const sealed = await sealInToken(at, belonging(request), at.mechanisms.content, bytes);
    return { parts: [sealed], head: { sizes: [bytes.length] } };
  } finally {
    bytes.fill(0);
  }
}

async function makePair(parts: Parts, request: Request): Promise<Answer> {
  const { kind = 'rsa', bits = 0, publicKek } = request.head;
  return inSession(parts, request, async (session) => {
    const { privateKey, publicKey } = await generatePair(parts.token.module, session, kind, bits);
    const sizes = [privateKey.length, publicKey.length];
    const halves = [
      { bytes: privateKey, kek: wrappedKey(request), scope: part(request, 2) },
      { bytes: publicKey, kek: wrappedKey(request, 3, publicKek), scope: part(request, 5) },
    ];
    try {
      const sealed: Buffer[] = [];
      for (const half of halves) sealed.push(await sealHalf(parts, session, half));
      return { parts: sealed, head: { sizes } };
    } finally {
      privateKey.fill(0);
    }
  });
}

function sealHalf(
  { token, keys, masterKeys }: Parts,
  session: Handle,
  { bytes, ...own }: Belonging & { readonly kek: WrappedKey; readonly bytes: Buffer },
): Promise<Buffer> {
  return keys.use(own.kek, session, (key) =>
    sealInToken(atKey(token, masterKeys, session, key), own, content(token), bytes),
  );
}

/** Asks the token itself, and seals 16 bytes. */
async function health(parts: Parts, request: Request): Promise<Answer> {
  const { token, tested, keys, masterKeys } = parts;
  const facts = token.facts();
  await inSession(parts, request, (session) =>
    keys.use(tested.probe, session, async (key) => {
      if (!tested.seals) return;
      const own = { kek: tested.probe, scope: tested.probe.aad };
      await sealInToken(atKey(token, masterKeys, session, key), own, content(token), Buffer.alloc(16));
    }),
  );
  const { firmwareVersion: firmware } = facts;
  return {
    head: {
      facts: {
        token: facts.label.trim(),
        serial: facts.serialNumber.trim(),
        model: facts.model.trim(),
        firmware: `${firmware.major}.${firmware.minor}`,
        pin_count_low: isPinCountLow(facts),
        mode: token.options.mode,
        content: content(token),
        ...token.sessions.counts(),
        cached_keks: keys.size,
        pid: process.pid,
      },
    },
  };
}

async function probeToken({ token, tested, keys, masterKeys }: Parts): Promise<Probed> {
  if (!tested.seals) return { largestPayload: 0, pairs: [] };
  const limitMs = token.options.generation_timeout * 1_000;
  const own = { kek: tested.probe, scope: tested.probe.aad };
  const largest = await largestPayload((payload) =>
    token.sessions.use(limitMs, (session) =>
      keys.use(tested.probe, session, async (key) => {
        const at = atKey(token, masterKeys, session, key);
        const blob = await sealInToken(at, own, content(token), payload);
        return (await openInToken(at, own, blob)).equals(payload);
      }),
    ),
  );
  return { largestPayload: largest, pairs: await testPairs(token) };
}
