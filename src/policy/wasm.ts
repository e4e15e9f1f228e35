import * as sdk from '@open-policy-agent/opa-wasm';
import { ConfigurationError } from '../errors.ts';

/** What of the SDK's loaded policy we use; its own types need a browser's. */
export interface PolicyInstance {
  readonly entrypoints: Readonly<Record<string, unknown>>;
  readonly mem: { readonly buffer: ArrayBuffer };
  readonly wasmInstance: { readonly exports: Readonly<Record<string, (address?: number) => number>> };
  evaluate(input: ArrayBufferLike, entrypoint: number): unknown;
  setData(data: ArrayBufferLike): void;
}

/** Compiled, and ready to be instantiated again and again. */
export interface PolicyModule {
  readonly compiled: object;
}

/** Node has it; only the types of a browser declare it. */
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<object>;
  readonly Module: { exports(module: object): readonly { readonly name: string }[] };
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };

/** The package's ES module exports this by default only; its types know it as a named export only. */
const { loadPolicySync } = (sdk as unknown as { readonly default: Pick<typeof sdk, 'loadPolicySync'> })
  .default;

/** 64 KiB each; beyond it an evaluation fails instead of the process. */
const MAX_MEMORY_PAGES = 1024;
const INITIAL_MEMORY_PAGES = 5;

/** What the SDK calls without a check: a module of another compiler stops here. */
const NEEDED_EXPORTS = [
  'opa_wasm_abi_version',
  'opa_wasm_abi_minor_version',
  'opa_eval',
  'opa_json_dump',
  'opa_json_parse',
  'entrypoints',
  'builtins',
];

/** Implemented by the SDK. We add none: a host function is a second truth that `opa test` does not see. */
const SUPPLIED_BUILTINS: ReadonlySet<string> = new Set([
  'json.is_valid',
  'sprintf',
  'regex.split',
  'yaml.is_valid',
  'yaml.marshal',
  'yaml.unmarshal',
]);

export async function compileModule(wasm: Buffer): Promise<PolicyModule> {
  let compiled: object;
  try {
    compiled = await WebAssembly.compile(new Uint8Array(wasm));
  } catch (cause) {
    throw new ConfigurationError('policy bundle: the module is not WebAssembly', cause);
  }
  const exported = new Set(WebAssembly.Module.exports(compiled).map(({ name }) => name));
  const missing = NEEDED_EXPORTS.find((name) => !exported.has(name));
  if (missing !== undefined) throw new ConfigurationError(`policy bundle: the module has no ${missing}`);
  return { compiled };
}

/** A fresh instance that holds `data`, a JSON text. */
export function instantiate({ compiled }: PolicyModule, data: string): PolicyInstance {
  try {
    const memory = { initial: INITIAL_MEMORY_PAGES, maximum: MAX_MEMORY_PAGES };
    const loaded: unknown = loadPolicySync(compiled, memory);
    const instance = loaded as PolicyInstance;
    instance.setData(new TextEncoder().encode(data).buffer);
    return instance;
  } catch (cause) {
    throw new ConfigurationError(
      `policy bundle: the module does not start (${describeThrown(cause)})`,
      cause,
    );
  }
}

export function entrypointOf({ entrypoints }: PolicyInstance, name: string): number {
  const entrypoint = Object.hasOwn(entrypoints, name) ? entrypoints[name] : undefined;
  if (typeof entrypoint === 'number') return entrypoint;
  throw new ConfigurationError(`policy bundle: the module has no entrypoint ${name}`);
}

/** The SDK notices a function nobody supplies only when a rule calls it. */
export function checkBuiltins({ mem, wasmInstance }: PolicyInstance): void {
  const { builtins, opa_json_dump: dump } = wasmInstance.exports;
  if (builtins === undefined || dump === undefined) return;
  const text = dump(builtins());
  const memory = Buffer.from(mem.buffer);
  const needed = JSON.parse(memory.toString('utf8', text, memory.indexOf(0, text))) as object;
  const missing = Object.keys(needed).filter((name) => !SUPPLIED_BUILTINS.has(name));
  if (missing.length > 0) {
    throw new ConfigurationError(`policy bundle: this host has no ${missing.join(', ')}`);
  }
}

/** The SDK throws strings and bare objects, hardly ever an error. */
export function describeThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  const message = (thrown as { readonly message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : 'no message';
}
