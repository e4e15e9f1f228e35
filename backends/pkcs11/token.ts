import {
  CKF_RW_SESSION,
  CKF_SERIAL_SESSION,
  CKF_USER_PIN_COUNT_LOW,
  CKF_USER_PIN_FINAL_TRY,
  CKF_USER_PIN_LOCKED,
  CKU_USER,
} from './mechanisms.ts';
import { findToken, loadModule, type Handle, type Module, type TokenInfo } from './module.ts';
import type { TokenOptions } from './options.ts';
import { faultOf, TokenFault } from './rv.ts';
import { createSessionPool, type SessionPool } from './session-pool.ts';

/** A token, logged in. */
export interface Token {
  readonly module: Module;
  readonly options: TokenOptions;
  readonly slot: Handle;
  /** Open as long as the process lives: the login and every unwrapped key hang on it. For one operation at a time. */
  readonly keeper: Handle;
  readonly sessions: SessionPool;
  /** Codes by which this token says that bytes do not open; the self-test learns those of the vendor. */
  readonly tampered: Set<number>;
  /** Fresh from the token, in one call: tells a token that answers from one that does not. */
  readonly facts: () => TokenInfo;
  /** After the token has logged us out. Throws `misconfigured` when it refuses the PIN, and is then never called again. */
  readonly login: () => void;
}

/** What SoftHSM and others say when bytes are damaged, and also when anything else is (section 5.1.1). */
const GENERAL_FAILURES = [0x05, 0x06];
const CKR_USER_ALREADY_LOGGED_IN = 0x100;

/** Initialises the module, finds the token, logs in once, opens the sessions. */
export function openToken(options: TokenOptions): Token {
  const module = loadModule(options.library);
  const { slot } = findToken(module, options);
  const facts = (): TokenInfo => module.C_GetTokenInfo(slot);
  const open = (): Handle => module.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION);
  const keeper = open();
  const login = createLogin(module, { facts, keeper, pin: options.pin });
  login();
  const tampered = new Set(GENERAL_FAILURES);
  const sessions = createSessionPool({
    size: options.sessions,
    open,
    close: (session) => module.C_CloseSession(session),
    isAlive: () => answers(facts),
    ambiguous: tampered,
  });
  return { module, options, slot, keeper, sessions, tampered, facts, login };
}

interface LoginDeps {
  readonly facts: () => TokenInfo;
  readonly keeper: Handle;
  readonly pin: string;
}

/** A PIN that was refused once stays refused: the next attempt may be the one that locks the token. */
function createLogin(module: Module, { facts, keeper, pin }: LoginDeps): () => void {
  let refused: TokenFault | undefined;
  return () => {
    if (refused !== undefined) throw refused;
    requireTriesLeft(facts().flags);
    try {
      module.C_Login(keeper, CKU_USER, pin);
    } catch (error) {
      const fault = faultOf(error);
      if (fault.code === CKR_USER_ALREADY_LOGGED_IN) return;
      if (fault.kind === 'misconfigured') refused = fault;
      throw fault;
    }
  };
}

function requireTriesLeft(flags: number): void {
  if ((flags & CKF_USER_PIN_LOCKED) !== 0) {
    throw new TokenFault(
      'misconfigured',
      'the PIN of the token is locked: let the security officer unlock it',
    );
  }
  if ((flags & CKF_USER_PIN_FINAL_TRY) !== 0) {
    throw new TokenFault(
      'misconfigured',
      'one more wrong PIN would lock the token: log in once with the tools of the device, then start again',
    );
  }
}

export const isPinCountLow = ({ flags }: Pick<TokenInfo, 'flags'>): boolean =>
  (flags & CKF_USER_PIN_COUNT_LOW) !== 0;

export function answers(facts: () => TokenInfo): boolean {
  try {
    facts();
    return true;
  } catch {
    return false;
  }
}
