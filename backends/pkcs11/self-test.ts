import { randomBytes } from 'node:crypto';
import type { MasterKeys } from './master-keys.ts';
import { CKM, mechanismName } from './mechanisms.ts';
import type { WrappedKey } from './key-wrapping.ts';
import { createProjectKeyHandles } from './project-key-handles.ts';
import { faultOf, TokenFault } from './rv.ts';
import { answers, type Token } from './token.ts';
import { gcmDecrypt, gcmEncrypt, openInToken, sealInToken, type At } from './token-cipher.ts';

/** What the token was seen to do. */
export interface TestedToken {
  /** Wraps by RFC 5649. */
  readonly wrapMechanism: number;
  /** Whether it seals and opens as `mechanisms.content` says; must be so in mode T. */
  readonly seals: boolean;
  /** A project key of the test's own, for health checks. */
  readonly probe: WrappedKey;
}

/**
 * One round trip with every mechanism the store is set to, by the first master key, and each of them must notice a changed
 * byte. Throws `misconfigured` with the mechanism that fails: an HSM is found wrong at start, not by the first secret.
 */
export async function testToken(token: Token, masterKeys: MasterKeys): Promise<TestedToken> {
  requireRandom(token);
  const { wrapMechanism, probe } = await testWrapping(token, masterKeys);
  const seals = await testUse(token, masterKeys, { wrapMechanism, probe });
  return { wrapMechanism, seals, probe };
}

const named = (what: string, mechanism: number, error: unknown): TokenFault => {
  const { message, kind, repair, code } = faultOf(error);
  const outage = kind === 'unavailable' && repair === 'reset';
  const detail = `the self-test of ${what} with ${mechanismName(mechanism)} fails: ${message}`;
  return new TokenFault(outage ? 'unavailable' : 'misconfigured', detail, code === undefined ? {} : { code });
};

function requireRandom({ module, keeper }: Token): void {
  const drawn = module.C_GenerateRandom(keeper, Buffer.alloc(32));
  if (drawn.every((byte) => byte === 0))
    throw new TokenFault('misconfigured', 'the random generator of the token gives nothing but zeros');
}

const LIMITS = { entries: 1, ttlMs: 60_000 };
const PROBE_AAD = Buffer.from('self-test', 'latin1');

type Wrapping = Pick<TestedToken, 'wrapMechanism' | 'probe'>;

/** Devices call RFC 5649 by two names, and some of them call something else by one of these. */
async function testWrapping(token: Token, masterKeys: MasterKeys): Promise<Wrapping> {
  const { wrap } = token.options.mechanisms;
  const candidates = wrap === 'auto' ? [CKM.CKM_AES_KEY_WRAP_KWP, CKM.CKM_AES_KEY_WRAP_PAD] : [wrap];
  const failures: TokenFault[] = [];
  for (const wrapMechanism of candidates) {
    try {
      return { wrapMechanism, probe: await wrapOnce(token, masterKeys, wrapMechanism) };
    } catch (error) {
      failures.push(named('wrapping project keys', wrapMechanism, error));
    }
  }
  const outage = failures.find((fault) => fault.kind === 'unavailable');
  throw outage ?? new TokenFault('misconfigured', failures.map((fault) => fault.message).join('; '));
}

const rootKeyOf = ({ options }: Token): string => options.master_keys[0]?.id ?? '';

async function wrapOnce(token: Token, masterKeys: MasterKeys, wrapMechanism: number): Promise<WrappedKey> {
  const handles = createProjectKeyHandles({ token, masterKeys, wrapMechanism, limits: LIMITS });
  const limitMs = token.options.attempt_timeout * 1_000;
  const wrapped = await token.sessions.use(limitMs, (session) =>
    handles.create({ rootKey: rootKeyOf(token), aad: PROBE_AAD }, session),
  );
  return { id: Buffer.alloc(16), version: 1, aad: PROBE_AAD, wrapped };
}

async function testUse(
  token: Token,
  masterKeys: MasterKeys,
  { wrapMechanism, probe }: Wrapping,
): Promise<boolean> {
  const handles = createProjectKeyHandles({ token, masterKeys, wrapMechanism, limits: LIMITS });
  const { mode } = token.options;
  const limitMs = token.options.attempt_timeout * 1_000;
  const inKey = <T>(kek: WrappedKey, work: (at: At) => Promise<T>): Promise<T> =>
    token.sessions.use(limitMs, (session) =>
      handles.use(kek, session, (key) => work(atKey(token, masterKeys, session, key))),
    );
  try {
    await inKey(probe, () => Promise.resolve());
    const changed = Buffer.from(probe.wrapped);
    changed[changed.length - 40] = (changed[changed.length - 40] as number) ^ 1;
    await mustRefuse(token, 'a changed wrapped key', () =>
      inKey({ ...probe, wrapped: changed }, () => Promise.resolve()),
    );
    if (mode === 'K')
      (await token.sessions.use(limitMs, (session) => handles.reveal(probe, session))).fill(0);
  } catch (error) {
    throw named('unwrapping project keys', wrapMechanism, error);
  } finally {
    handles.forget();
  }
  return testSealing(token, inKey, probe).finally(() => handles.forget());
}

type InKey = <T>(kek: WrappedKey, work: (at: At) => Promise<T>) => Promise<T>;

async function testSealing(token: Token, inKey: InKey, probe: WrappedKey): Promise<boolean> {
  const { mechanisms, mode } = token.options;
  if (mode === 'W') await testDataKeys(token, inKey, probe);
  const belonging = { kek: probe, scope: PROBE_AAD };
  try {
    const sample = randomBytes(16);
    const blob = await inKey(probe, (at) => sealInToken(at, belonging, mechanisms.content, sample));
    const opened = await inKey(probe, (at) => openInToken(at, belonging, blob));
    requireEqual(opened, sample);
    const changed = Buffer.from(blob);
    changed[changed.length - 1] = (changed[changed.length - 1] as number) ^ 1;
    await mustRefuse(token, 'a changed payload', () =>
      inKey(probe, (at) => openInToken(at, belonging, changed)),
    );
    const other = { kek: probe, scope: Buffer.from('another') };
    await mustRefuse(token, 'a payload of another secret', () =>
      inKey(probe, (at) => openInToken(at, other, blob)),
    );
    return true;
  } catch (error) {
    if (mode !== 'T') return false;
    throw named('sealing payloads', contentMechanism(mechanisms), error);
  }
}

function contentMechanism({ content, gcm, padding }: Token['options']['mechanisms']): number {
  if (content === 'gcm') return gcm;
  return padding === 'token' ? CKM.CKM_AES_CBC_PAD : CKM.CKM_AES_CBC;
}

async function testDataKeys(token: Token, inKey: InKey, probe: WrappedKey): Promise<void> {
  try {
    const [iv, sample] = [randomBytes(12), randomBytes(32)];
    const sealed = await inKey(probe, (at) => gcmEncrypt(at, { iv, aad: PROBE_AAD }, sample));
    requireEqual(await inKey(probe, (at) => gcmDecrypt(at, { iv, aad: PROBE_AAD }, sealed)), sample);
    const other = { iv, aad: Buffer.from('another') };
    await mustRefuse(token, 'a changed data key', () => inKey(probe, (at) => gcmDecrypt(at, other, sealed)));
  } catch (error) {
    throw named('wrapping data keys', token.options.mechanisms.gcm, error);
  }
}

export const atKey = (token: Token, masterKeys: MasterKeys, session: At['session'], key: At['key']): At => ({
  module: token.module,
  mechanisms: token.options.mechanisms,
  session,
  key,
  macs: token.options.master_keys.map(
    ({ id }) =>
      () =>
        masterKeys.named(id).mac,
  ),
  tampered: token.tampered,
});

function requireEqual(opened: Buffer, sample: Buffer): void {
  if (!opened.equals(sample)) throw new TokenFault('misconfigured', 'what comes back is not what went in');
}

const FIRST_VENDOR_CODE = 0x8000_0000;

/** A code of the vendor's own, from a token that goes on answering, is how this one says that bytes are damaged. */
async function mustRefuse(token: Token, what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const fault = faultOf(error);
    if (fault.kind === 'integrity') return;
    if ((fault.code ?? 0) < FIRST_VENDOR_CODE || !answers(token.facts)) throw fault;
    token.tampered.add(fault.code as number);
    return;
  }
  throw new TokenFault('misconfigured', `the token accepts ${what}`);
}
