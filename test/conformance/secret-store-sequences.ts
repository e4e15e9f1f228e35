import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { createMemoryStore } from '../../backends/memory/index.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { storeRef, type SecretStore } from '../../src/stores/secret-store.ts';
import { admitted, bytesOf, payloadOf, type Current } from './secret-store-fixture.ts';

type Step = {
  readonly secret: number;
  readonly what: 'put' | 'get' | 'locate' | 'destroy';
  readonly text: string;
};

const SECRETS_IN_PLAY = 3;
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    secret: fc.nat(SECRETS_IN_PLAY - 1),
    what: fc.constantFrom(
      'put' as const,
      'put' as const,
      'get' as const,
      'locate' as const,
      'destroy' as const,
    ),
    text: fc.constantFrom('', 'a', 'b', 'ab\0'),
  }),
  { minLength: 4, maxLength: 24 },
);

/** fast-check prints the seed and the shortest sequence that differs; `POSTERN_SEED` plays one again. */
export function describeLikeMemory(current: Current): void {
  it('answers any sequence of operations as the memory store does', async () => {
    const seed = Number(process.env['POSTERN_SEED'] ?? randomBytes(4).readInt32BE());
    await fc.assert(
      fc.asyncProperty(steps, async (drawn) => {
        const tooSmall = current().store.capabilities.minPayloadBytes > 0;
        const sequence = drawn.filter(({ what, text }) => !(tooSmall && what === 'put' && text === ''));
        const secrets = await Promise.all(Array.from({ length: SECRETS_IN_PLAY }, () => admitted(current())));
        const expected = await play(createMemoryStore('reference'), secrets, sequence);
        expect(await play(current().store, secrets, sequence)).to.deep.equal(expected);
      }),
      { seed, numRuns: current().runs ?? 20 },
    );
  });
}

/** What was answered at each step, in words that two stores share: refs differ, what they stand for does not. */
async function play(
  store: SecretStore,
  secrets: readonly SecretHeader[],
  sequence: readonly Step[],
): Promise<string[]> {
  const answers: string[] = [];
  for (const step of sequence) {
    const secret = secrets[step.secret] as SecretHeader;
    answers.push(
      await answerTo(store, secret, step).catch((error: unknown) => (error as Error).constructor.name),
    );
  }
  return answers;
}

async function answerTo(store: SecretStore, secret: SecretHeader, { what, text }: Step): Promise<string> {
  if (what === 'put')
    return `put ${(await store.put(secret, payloadOf(text))) === (await store.locate(secret))}`;
  const ref = await store.locate(secret);
  if (what === 'locate') return ref === undefined ? 'nothing' : 'located';
  if (what === 'get')
    return ref === undefined ? 'nothing' : JSON.stringify(String(await bytesOf(store, secret, ref)));
  await store.destroy(secret, ref ?? storeRef('never given'));
  return 'destroyed';
}
