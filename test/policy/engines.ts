import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '../../src/errors.ts';
import type { Decision, PolicyEngine } from '../../src/policy/engine.ts';
import { policyInput, type Question } from '../../src/policy/input.ts';
import { createOpaEngine, type OpaOptions } from '../../src/policy/opa.ts';
import { question } from './samples.ts';

const open: PolicyEngine[] = [];

/** Closed after the test, if `closeEngines` is a hook of the suite. */
export async function engineOf(options: OpaOptions): Promise<PolicyEngine> {
  const engine = await createOpaEngine(options);
  open.push(engine);
  return engine;
}

export async function closeEngines(): Promise<void> {
  await Promise.all(open.splice(0).map((engine) => engine.close()));
}

/** Why it does not start. */
export async function startFailure(options: OpaOptions): Promise<string> {
  try {
    await engineOf(options);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('the engine started');
}

export const ask = (engine: PolicyEngine, changes: Partial<Question> = {}): Promise<Decision> =>
  engine.decide(policyInput(question(changes)));

export const codes = ({ reasons }: Decision): readonly string[] => reasons.map(({ code }) => code);

export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A folder for one test. */
export async function scratchFolder(): Promise<{ path(name: string): string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'policy-'));
  return { path: (name) => join(folder, name), remove: () => rm(folder, { recursive: true }) };
}
