import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { serveProcess, type ServingProcess } from './broker-process.ts';
import type { Answer } from './client.ts';

/** How often the broker is killed per database; `KILL9_ROUNDS` says otherwise. */
export const ROUNDS = Number(process.env['KILL9_ROUNDS'] ?? 2);
/** What a round may take, the last look included. */
export const ROUND_MS = 30_000;
const KILL_AFTER_MS = [50, 900] as const;
const CLIENTS = 8;

export interface Game {
  /** Asks for things in an endless loop, until the connection breaks. */
  readonly work: (broker: ServingProcess) => Promise<void>;
  /** Holds the broker to what its clients were told. */
  readonly verify: (broker: ServingProcess) => Promise<void>;
  /** How much clients were told so far: a round without work has shown nothing. */
  readonly acknowledged: () => number;
  /** The kill comes at a random moment of this span, while requests are under way. */
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
      const clients = Array.from({ length: CLIENTS }, () => untilBroken(() => work(broker)));
      await pause(randomInt(...killAfterMs));
      broker.kill('SIGKILL');
      await Promise.all(clients);
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
