import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { serveProcess, until, type ServingProcess } from './broker-process.ts';
import type { Answer } from './client.ts';

/** How often the broker is killed per database; `KILL9_ROUNDS` says otherwise. */
export const ROUNDS = Number(process.env['KILL9_ROUNDS'] ?? 2);
/** CI looks closely once. */
export const IS_THOROUGH = ROUNDS >= 10;
/** What a round may take, the last look included. */
export const ROUND_MS = 30_000;
const KILL_AFTER_MS = [50, 900] as const;
/** On a busy machine; a broker that answers nobody for so long has failed. */
const FIRST_ANSWER_MS = ROUND_MS / 2;
const CLIENTS = 8;

export interface Game {
  /** Asks for things in an endless loop, until the connection breaks. */
  readonly work: (broker: ServingProcess) => Promise<void>;
  /** Holds the broker to what its clients were told. */
  readonly verify: (broker: ServingProcess) => Promise<void>;
  /** How much clients were told so far; never less than before. A round without work has shown nothing. */
  readonly acknowledged: () => number;
  /** The kill comes at a random moment of this span after the first answer, while requests are under way. */
  readonly killAfterMs?: readonly [number, number];
  /** No more than these, where a round is long. */
  readonly atMost?: number;
}

/** Kills a broker at its work, starts the next one on the same database, and so on; the last one ends in peace. */
export async function playRounds(
  file: string,
  { work, verify, acknowledged, killAfterMs = KILL_AFTER_MS, atMost = ROUNDS }: Game,
): Promise<void> {
  for (let round = 0; round < Math.min(ROUNDS, atMost); round += 1) {
    const broker = await serveProcess(file);
    try {
      const before = acknowledged();
      await verify(broker);
      const clients = Promise.all(Array.from({ length: CLIENTS }, () => untilBroken(() => work(broker))));
      const hasWork = (): true | undefined => (acknowledged() > before ? true : undefined);
      // Whichever is first: what a client found wrong is the better reason to fail than that nothing came.
      await Promise.race([clients, until(hasWork, 'the round to have work to lose', FIRST_ANSWER_MS)]);
      await pause(randomInt(...killAfterMs));
      broker.kill('SIGKILL');
      await clients;
      expect(acknowledged(), 'the round had work to lose').to.be.above(before);
    } finally {
      broker.kill('SIGKILL');
      await broker.ended;
    }
  }
  const broker = await serveProcess(file);
  try {
    await verify(broker);
  } finally {
    broker.kill('SIGTERM');
    expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
  }
}

async function untilBroken(work: () => Promise<void>): Promise<void> {
  try {
    for (;;) await work();
  } catch (error) {
    if (!isBroken(error)) throw error;
  }
}

const isBroken = (error: unknown): boolean =>
  ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(String((error as { code?: unknown }).code));

export function expectStatus(answer: Answer, status: number): void {
  expect(answer.status, answer.text).to.equal(status);
}
