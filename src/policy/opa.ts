import { createHash, randomUUID } from 'node:crypto';
import { ConfigurationError } from '../errors.ts';
import { readBundle } from './bundle.ts';
import { readDecision, refusal } from './decision.ts';
import type { Decision, PolicyEngine } from './engine.ts';
import { prepareGeneration, type Generation } from './generation.ts';
import type { PolicyInput } from './input.ts';
import { createSource } from './source.ts';
import { describeThrown } from './wasm.ts';

export interface OpaOptions {
  /** A file, or an https URL (http on loopback). */
  readonly bundle: string;
  /** Laid over the bundle's data; `settings` holds the switches of the default rules. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** How often to look for a new bundle; without it, or at 0, the first one stays. */
  readonly reloadSeconds?: number;
  readonly onReload?: (revision: string) => void;
  /** A bundle that could not be activated, or an evaluation that failed. The last good bundle goes on. */
  readonly onError?: (error: Error) => void;
}

/** Refused, never cut: half an input is another question. */
const MAX_INPUT_BYTES = 64 * 1024;

/** OPA in process. Throws `ConfigurationError` when there is no usable bundle to begin with. */
export async function createOpaEngine(options: OpaOptions): Promise<PolicyEngine> {
  const load = createLoader(options);
  let current = await firstGeneration(load);
  const stop = watch(options, async () => {
    const next = await load();
    // One reference: a request that has begun keeps the generation it began with.
    if (next !== undefined) current = next;
    return next;
  });
  return {
    get revision() {
      return current.revision;
    },
    get mode() {
      return current.mode;
    },
    async decide(input) {
      return decideWith(current, input, options);
    },
    async close() {
      stop();
    },
  };
}

function decideWith(generation: Generation, input: PolicyInput, options: OpaOptions): Decision {
  const id = randomUUID();
  try {
    const bytes = encode(input);
    if (bytes.length > MAX_INPUT_BYTES) return refusal(id, generation.revision, 'deny.input_too_large');
    return readDecision(generation.evaluate(bytes.buffer), input.action, id, generation.revision);
  } catch (thrown) {
    report(options, new Error(`policy evaluation failed: ${describeThrown(thrown)}`, { cause: thrown }));
    return refusal(id, generation.revision, 'deny.policy_error');
  }
}

/** Half a surrogate pair: JSON text may carry it, escaped, but no UTF-8 can, and OPA's parser gives up on it. */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

function encode(input: PolicyInput): Uint8Array {
  const text = JSON.stringify(input);
  // A rule sees what the database would hold: the replacement mark.
  return new TextEncoder().encode(text.includes('\\ud') ? text.replace(LONE_SURROGATE, '$1\ufffd') : text);
}

/** Gives the next generation, or `undefined` while nothing has changed. */
function createLoader({ bundle, data = {} }: OpaOptions): () => Promise<Generation | undefined> {
  const source = createSource(bundle);
  let digest = '';
  return async () => {
    const archive = await source.read();
    if (archive === undefined) return undefined;
    const next = createHash('sha256').update(archive).digest('hex');
    const generation = next === digest ? undefined : await prepareGeneration(await readBundle(archive), data);
    digest = next;
    source.accept();
    return generation;
  };
}

async function firstGeneration(load: () => Promise<Generation | undefined>): Promise<Generation> {
  try {
    const generation = await load();
    if (generation === undefined) throw new ConfigurationError('policy bundle: nothing to load');
    return generation;
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    throw new ConfigurationError(`policy bundle: cannot be read (${describeThrown(cause)})`, cause);
  }
}

function watch(options: OpaOptions, reload: () => Promise<Generation | undefined>): () => void {
  const { reloadSeconds = 0 } = options;
  if (reloadSeconds <= 0) return () => {};
  let busy = false;
  const look = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      const next = await reload();
      if (next !== undefined) options.onReload?.(next.revision);
    } catch (thrown) {
      report(options, thrown instanceof Error ? thrown : new Error(describeThrown(thrown)));
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void look(), reloadSeconds * 1000);
  timer.unref();
  return () => clearInterval(timer);
}

/** Whoever listens must not turn a refusal into an exception. */
function report({ onError }: OpaOptions, error: Error): void {
  try {
    onError?.(error);
  } catch {
    // Its own failure is its own to notice.
  }
}
