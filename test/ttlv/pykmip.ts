import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Debian's python3-pykmip is a module of the system's own Python. */
const PYTHON = '/usr/bin/python3';
const FILTER = fileURLToPath(new URL('pykmip_codec.py', import.meta.url));

export type Names = Readonly<Record<string, number>>;

/** What PyKMIP made of a message: its bytes, written again, or why it would not. */
export interface Verdict {
  readonly bytes?: string;
  readonly refused?: string;
}

/** Why there is nothing to compare with, or undefined. */
export function pykmipAbsent(): string | undefined {
  const { status } = spawnSync(PYTHON, ['-c', 'import kmip']);
  return status === 0 ? undefined : 'python3-pykmip is not installed';
}

export function throughPykmip(
  rows: readonly (readonly ['request' | 'response', Buffer])[],
): readonly Verdict[] {
  return filtered(rows.map(([kind, bytes]) => `${kind} ${bytes.toString('hex')}`)) as readonly Verdict[];
}

/** Its enumerations by class name. */
export function pykmipTables(): Readonly<Record<string, Names>> {
  return filtered(['tables'])[0] as Readonly<Record<string, Names>>;
}

function filtered(rows: readonly string[]): readonly unknown[] {
  const { stdout, stderr, status } = spawnSync(PYTHON, [FILTER], {
    input: `${rows.join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}
