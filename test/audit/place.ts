import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFileSink } from '../../src/audit/file-sink.ts';
import type { AuditSink } from '../../src/audit/audit.ts';
import { createLog } from '../../src/log.ts';

export const PATIENCE_MS = 5_000;

export const line = (n: number): string => `${JSON.stringify({ n })}\n`;
/** Of exactly this size. */
export const padded = (n: number, size: number): string =>
  `${JSON.stringify({ n, pad: '' }).padEnd(size - 1)}\n`;

export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('waited too long');
    await sleep(10);
  }
}

export async function refusalOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The `n` of every line (the kind of those without), which also proves each one is whole. */
export function numbersIn(path: string): unknown[] {
  const texts = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return texts.map((text) => {
    const parsed = JSON.parse(text) as { n?: unknown; kind?: string };
    return parsed.n ?? parsed.kind;
  });
}

export interface Place {
  readonly folder: string;
  /** In a folder that does not exist yet. */
  readonly path: string;
  readonly logged: string[];
  sink(spoolBytes?: number): Promise<AuditSink>;
  leave(): Promise<void>;
}

/** A folder of its own with an audit file to be. */
export function createPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'postern-audit-'));
  const path = join(folder, 'deep', 'audit.jsonl');
  const logged: string[] = [];
  const sinks: AuditSink[] = [];
  return {
    folder,
    path,
    logged,
    sink: async (spoolBytes) => {
      const log = createLog('info', (text) => logged.push(text));
      const sink = await createFileSink({ path, log, ...(spoolBytes === undefined ? {} : { spoolBytes }) });
      sinks.push(sink);
      return sink;
    },
    leave: async () => {
      await Promise.all(sinks.map((sink) => sink.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
