import { constants, fstatSync, type Stats } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Whole lines on their way to the disk, and how far they came: a failed write goes on where it stopped. */
export interface Batch {
  readonly bytes: Buffer;
  written: number;
}

/**
 * One append-only file with one writer: a short write of one process would tear a line of another. (Commands share one all the
 * same, a line in one write and the file opened for each: a line that a full disk tore is ended by the next.)
 */
export interface AuditFile {
  /**
   * Opens the file where needed and writes the rest of the batch (nothing, of an empty one), or throws what the file
   * system throws and leaves `written` telling the truth.
   */
  append(batch: Batch): Promise<void>;
  /** Waits until what was appended is on the disk. */
  sync(): Promise<void>;
  /** The next `append` opens the path anew: after a failure or a log rotation. */
  release(): void;
  close(): Promise<void>;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly device: number;
  readonly inode: number;
}

interface State {
  readonly path: string;
  current: OpenFile | undefined;
  /** Kept open until its successor is, which may turn out to be the same file. */
  previous: OpenFile | undefined;
}

const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_FOLDER = 0o700;
const NEWLINE = 0x0a;

export function createAuditFile(path: string): AuditFile {
  const state: State = { path, current: undefined, previous: undefined };
  return {
    append: (batch) => append(state, batch),
    sync: async () => {
      await (state.current ?? state.previous)?.handle.datasync();
    },
    release: () => {
      state.previous = state.current ?? state.previous;
      state.current = undefined;
    },
    close: async () => {
      const files = [state.current, state.previous].filter((file) => file !== undefined);
      state.current = undefined;
      state.previous = undefined;
      await Promise.allSettled(files.map((file) => file.handle.close()));
    },
  };
}

async function append(state: State, batch: Batch): Promise<void> {
  await leavePrevious(state, batch);
  const file = await opened(state);
  while (batch.written < batch.bytes.length) {
    const { bytesWritten } = await file.handle.write(batch.bytes, batch.written);
    batch.written += bytesWritten;
  }
  // Not awaited: it reads no disk, and a turn through the thread pool would cost more than the rest of the audit.
  if (fstatSync(file.handle.fd).nlink === 0) throw new Error('the audit file was removed');
}

/** If the file at the path is not the one we left, the line that was cut there starts again in the new one. */
async function leavePrevious(state: State, batch: Batch): Promise<void> {
  const { previous } = state;
  if (previous === undefined) return;
  const file = await opened(state);
  if (file.device !== previous.device || file.inode !== previous.inode)
    await withdrawTornLine(previous, batch);
  state.previous = undefined;
  await previous.handle.close();
}

async function withdrawTornLine(file: OpenFile, batch: Batch): Promise<void> {
  const { nlink, size } = await file.handle.stat();
  // A file removed under us took with it what we wrote.
  const border = nlink === 0 ? 0 : batch.bytes.subarray(0, batch.written).lastIndexOf(NEWLINE) + 1;
  const torn = batch.written - border;
  batch.written = border;
  if (torn > 0 && nlink > 0) await file.handle.truncate(size - torn).catch(() => undefined);
}

async function opened(state: State): Promise<OpenFile> {
  if (state.current !== undefined) return state.current;
  const folder = dirname(state.path);
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  const handle = await open(state.path, APPEND, OWNER_ONLY_FILE);
  try {
    const stats = await handle.stat();
    if (stats.size === 0) await syncFolder(folder);
    else if (!isPrevious(state, stats)) await endTornLine(handle, stats);
    state.current = { handle, device: stats.dev, inode: stats.ino };
    return state.current;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function isPrevious({ previous }: State, stats: Stats): boolean {
  return previous?.device === stats.dev && previous.inode === stats.ino;
}

/** A new file's name is durable only with its folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A power cut may have left half a line at the end; ours must not be glued to it. */
async function endTornLine(handle: FileHandle, stats: Stats): Promise<void> {
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, stats.size - 1);
  if (last[0] !== NEWLINE) await handle.write('\n');
}
