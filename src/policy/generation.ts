import { ConfigurationError } from '../errors.ts';
import { ENTRYPOINT, type Bundle } from './bundle.ts';
import { selfTest } from './self-test.ts';
import { mergeData, modeOf } from './settings.ts';
import { checkBuiltins, compileModule, describeThrown, entrypointOf, instantiate } from './wasm.ts';
import type { PolicyInstance, PolicyModule } from './wasm.ts';

/** One policy, ready: module and data belong together and are replaced together. */
export interface Generation {
  readonly revision: string;
  readonly mode: string;
  /** The raw answer to an input as JSON text. Throws what the module throws, and is fit for use again afterwards. */
  evaluate(input: ArrayBufferLike): unknown;
}

/** Memory once grown is never given back: an instance that a large input has swollen makes room for a new one. */
const MAX_GROWN_BYTES = 16 * 1024 * 1024;

/** Compiles, fills and tries a policy. Throws `ConfigurationError` unless it is fit to serve. */
export async function prepareGeneration(
  bundle: Bundle,
  operatorData: Readonly<Record<string, unknown>>,
): Promise<Generation> {
  const data = mergeData(bundle.data, operatorData);
  const evaluate = createEvaluator(await compileModule(bundle.wasm), JSON.stringify(data));
  try {
    selfTest(evaluate);
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    throw new ConfigurationError(`policy bundle: the self-test failed (${describeThrown(cause)})`, cause);
  }
  return { revision: bundle.revision, mode: modeOf(data), evaluate };
}

function createEvaluator(module: PolicyModule, data: string): Generation['evaluate'] {
  let idle: PolicyInstance | undefined = instantiate(module, data);
  const entrypoint = entrypointOf(idle, ENTRYPOINT);
  checkBuiltins(idle);
  const sizeAtStart = idle.mem.buffer.byteLength;
  return (input) => {
    const instance = idle ?? instantiate(module, data);
    // Whatever it throws leaves its memory in an unknown state: only an instance that has answered is used again.
    idle = undefined;
    const results = instance.evaluate(input, entrypoint);
    if (instance.mem.buffer.byteLength - sizeAtStart <= MAX_GROWN_BYTES) idle = instance;
    return results;
  };
}
