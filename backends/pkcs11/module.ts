import { createRequire } from 'node:module';
import type { Handle, PKCS11, TokenInfo } from 'pkcs11js';
import { CKF_OS_LOCKING_OK } from './mechanisms.ts';
import type { TokenOptions } from './options.ts';
import { faultOf, TokenFault } from './rv.ts';

export type Module = PKCS11;
export type { Handle, TokenInfo } from 'pkcs11js';

/**
 * Loads the vendor's module into this process, which must be one of its own: nothing unloads it again, and what goes wrong
 * in it ends the process. Once per process.
 */
export function loadModule(library: string): Module {
  const module = new (binding().PKCS11)();
  try {
    module.load(library);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new TokenFault('misconfigured', `the module ${library} cannot be loaded: ${why}`);
  }
  initialize(module);
  return module;
}

const CKR_CRYPTOKI_ALREADY_INITIALIZED = 0x191;

/** Calls run in several threads of ours: without this flag modules are free to mix them up. */
function initialize(module: Module): void {
  try {
    module.C_Initialize({ flags: CKF_OS_LOCKING_OK });
  } catch (error) {
    if (faultOf(error).code !== CKR_CRYPTOKI_ALREADY_INITIALIZED) throw error;
  }
}

/** An optional dependency: it is compiled, and most brokers have no HSM. */
function binding(): { PKCS11: new () => Module } {
  try {
    return createRequire(import.meta.url)('pkcs11js') as { PKCS11: new () => Module };
  } catch {
    throw new TokenFault(
      'misconfigured',
      'the package pkcs11js is not installed: run "npm install pkcs11js"',
    );
  }
}

export interface FoundToken {
  readonly slot: Handle;
  readonly token: TokenInfo;
}

/** The one token that all the given criteria match; two of them are a mistake, never "the first". */
export function findToken(module: Module, wanted: TokenOptions): FoundToken {
  const present = module.C_GetSlotList(true).flatMap((slot) => readable(module, slot));
  const matching = present.filter((one) => matches(one, wanted));
  const [found] = matching;
  if (found !== undefined && matching.length === 1) return found;
  const seen = present.map(({ token }) => `"${token.label.trim()}" (${token.serialNumber.trim()})`);
  const count = found === undefined ? 'no token' : `${matching.length} tokens`;
  // A device that is away has no token either, which mends itself; two of them are for somebody to tell apart.
  throw new TokenFault(
    found === undefined ? 'unavailable' : 'misconfigured',
    `${count} with ${criteria(wanted)}; there are: ${seen.join(', ') || 'none'}`,
  );
}

/** One slot that cannot be read must not hide the others. */
function readable(module: Module, slot: Handle): FoundToken[] {
  try {
    return [{ slot, token: module.C_GetTokenInfo(slot) }];
  } catch {
    return [];
  }
}

function matches({ slot, token }: FoundToken, wanted: TokenOptions): boolean {
  return (
    (wanted.token_serial === undefined || token.serialNumber.trim() === wanted.token_serial.trim()) &&
    (wanted.token_label === undefined || token.label.trim() === wanted.token_label.trim()) &&
    (wanted.slot === undefined || slotNumber(slot) === BigInt(wanted.slot))
  );
}

/** `pkcs11js` hands slot numbers out as a native `CK_ULONG`. */
export function slotNumber(slot: Handle): bigint {
  return slot.length === 8 ? slot.readBigUInt64LE() : BigInt(slot.readUInt32LE());
}

function criteria(wanted: TokenOptions): string {
  const given = [
    wanted.token_serial === undefined ? [] : [`token_serial "${wanted.token_serial}"`],
    wanted.token_label === undefined ? [] : [`token_label "${wanted.token_label}"`],
    wanted.slot === undefined ? [] : [`slot ${wanted.slot}`],
  ];
  return given.flat().join(' and ');
}
