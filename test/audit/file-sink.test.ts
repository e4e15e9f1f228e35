import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createFileSink } from '../../src/audit/file-sink.ts';
import type { AuditSink } from '../../src/audit/audit.ts';
import { AuditUnavailable, ConfigurationError } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';

const PATIENCE_MS = 5_000;
const line = (text: string | number) => `${JSON.stringify({ n: text })}\n`;
const padded = (n: number, size: number) => `${JSON.stringify({ n, pad: '' }).padEnd(size - 1)}\n`;

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('waited too long');
    await sleep(10);
  }
}

async function refusalOf(attempt: Promise<void>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('audit file sink', () => {
  let folder: string;
  let path: string;
  let logged: string[];
  const open: AuditSink[] = [];

  const sinkAt = async (file: string, spoolBytes?: number): Promise<AuditSink> => {
    const log = createLog('info', (text) => logged.push(text));
    const sink = await createFileSink({
      path: file,
      log,
      ...(spoolBytes === undefined ? {} : { spoolBytes }),
    });
    open.push(sink);
    return sink;
  };
  const numbers = (file = path): unknown[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((text) => {
        const parsed = JSON.parse(text) as { n?: unknown; kind?: string };
        return parsed.n ?? parsed.kind;
      });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-audit-'));
    path = join(folder, 'deep', 'audit.jsonl');
    logged = [];
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((sink) => sink.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  describe('a file that works', () => {
    it('creates folder and file for the owner alone', async () => {
      await sinkAt(path);
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      expect(statSync(join(folder, 'deep')).mode & 0o777).to.equal(0o700);
    });

    it('has written an intent when it resolves', async () => {
      const sink = await sinkAt(path);
      await sink.intent(line(1), false);
      expect(numbers()).to.deep.equal([1]);
      await sink.intent(line(2), true);
      expect(numbers()).to.deep.equal([1, 2]);
    });

    it('keeps the order of lines under concurrency', async () => {
      const sink = await sinkAt(path);
      const expected = Array.from({ length: 3_000 }, (_, n) => n);
      await Promise.all(
        expected.map(async (n) => {
          if (n % 3 === 0) sink.outcome(line(n));
          else await sink.intent(line(n), n % 500 === 1);
          if (n % 100 === 0) await sleep(1);
        }),
      );
      await sink.close();
      expect(numbers()).to.deep.equal(expected);
    });

    it('writes an outcome without an intent that follows', async () => {
      const sink = await sinkAt(path);
      sink.outcome(line(1));
      await until(() => numbers().length === 1);
    });

    it('flushes at close, and refuses afterwards', async () => {
      const sink = await sinkAt(path);
      sink.outcome(line(1));
      await Promise.all([sink.close(), sink.close()]);
      expect(numbers()).to.deep.equal([1]);
      expect(await refusalOf(sink.intent(line(2), false))).to.be.instanceOf(AuditUnavailable);
    });

    it('appends to what an earlier process wrote, on a line of its own', async () => {
      mkdirSync(join(folder, 'deep'));
      writeFileSync(path, '{"n":0}\n{"n":"cut by a power fail');
      const sink = await sinkAt(path);
      await sink.intent(line(1), false);
      expect(readFileSync(path, 'utf8')).to.equal('{"n":0}\n{"n":"cut by a power fail\n{"n":1}\n');
    });

    it('does not start where it cannot write', async () => {
      writeFileSync(join(folder, 'deep'), 'a file where the folder should be');
      expect(await refusalOf(sinkAt(path).then(() => undefined))).to.be.instanceOf(ConfigurationError);
    });
  });

  describe('log rotation', () => {
    it('goes on in a new file and loses no line', async () => {
      const sink = await sinkAt(path);
      await sink.intent(line(1), false);
      renameSync(path, `${path}.1`);
      await sink.intent(line(2), false);
      sink.reopen();
      await until(() => existsSync(path));
      await sink.intent(line(3), false);
      expect(numbers(`${path}.1`)).to.deep.equal([1, 2]);
      expect(numbers()).to.deep.equal([3]);
      expect(logged).to.deep.equal([]);
    });

    it('writes the lines of a removed file again', async () => {
      const sink = await sinkAt(path);
      await sink.intent(line(1), false);
      rmSync(join(folder, 'deep'), { recursive: true });
      await sink.intent(line(2), false);
      await until(() => existsSync(path) && numbers().length === 1);
      expect(numbers()).to.deep.equal([2]);
    });
  });

  describe('a full disk', () => {
    /** A link to a device that is always full; pointing it at a file is freeing the disk. */
    const fillDisk = (): void => {
      mkdirSync(join(folder, 'deep'), { recursive: true });
      if (existsSync(path)) unlinkSync(path);
      symlinkSync('/dev/full', path);
    };
    const freeDisk = (): void => {
      unlinkSync(path);
      writeFileSync(path, '', { mode: 0o600 });
    };

    it('lets requests go on and writes every line in order when there is room again', async () => {
      fillDisk();
      const sink = await sinkAt(path);
      for (let n = 0; n < 100; n += 1) {
        await sink.intent(line(2 * n), false);
        sink.outcome(line(2 * n + 1));
      }
      expect(sink.health().state).to.equal('failing');
      freeDisk();
      await until(() => sink.health().spooledBytes === 0);
      expect(sink.health().state).to.equal('ok');
      expect(numbers()).to.deep.equal(Array.from({ length: 200 }, (_, n) => n));
    });

    it('is found free without any new event', async () => {
      fillDisk();
      const sink = await sinkAt(path);
      sink.outcome(line(1));
      await until(() => sink.health().state === 'failing');
      freeDisk();
      await until(() => numbers().length === 1);
    });

    it('says so once in the log, and once that it is over', async () => {
      fillDisk();
      const sink = await sinkAt(path);
      for (let n = 0; n < 20; n += 1) await sink.intent(line(n), false);
      freeDisk();
      await until(() => sink.health().state === 'ok');
      expect(logged).to.have.length(2);
      expect(logged[0]).to.contain('ENOSPC');
    });

    it('refuses a durable intent, for a line in memory is not durable', async () => {
      fillDisk();
      const sink = await sinkAt(path);
      expect(await refusalOf(sink.intent(line(1), true))).to.be.instanceOf(AuditUnavailable);
      await sink.intent(line(2), false);
      expect(await refusalOf(sink.intent(line(3), true))).to.be.instanceOf(AuditUnavailable);
    });

    it('refuses intents past the bound, keeps room for outcomes, and counts what fits nowhere', async () => {
      fillDisk();
      const sink = await sinkAt(path, 10_000);
      for (let n = 0; n < 80; n += 1) await sink.intent(padded(n, 100), false);
      const refused = await refusalOf(sink.intent(padded(80, 100), false));
      expect(refused).to.be.instanceOf(AuditUnavailable).and.to.include({ status: 503 });
      expect(sink.health().state).to.equal('full');
      for (let n = 100; n < 130; n += 1) sink.outcome(padded(n, 100));
      expect(sink.health().dropped).to.equal(10);

      freeDisk();
      await until(() => sink.health().dropped === 0 && sink.health().spooledBytes === 0);
      const written = numbers();
      expect(written.slice(0, 80)).to.deep.equal(Array.from({ length: 80 }, (_, n) => n));
      expect(written.slice(80)).to.deep.equal([...Array.from({ length: 20 }, (_, n) => 100 + n), 'dropped']);
      expect(readFileSync(path, 'utf8')).to.contain('"kind":"dropped","count":10}');
      await sink.intent(line('again'), false);
    });

    it('tells how much was lost if it stays full to the end', async () => {
      fillDisk();
      const sink = await sinkAt(path);
      await sink.intent(line(1), false);
      await sink.close();
      expect(logged.at(-1)).to.contain('lost');
    });
  });

  describe('a write that stops half way', () => {
    const LIMIT = 4_096;
    /** The kernel cuts a write at this size (a short write), and fails the next one. */
    const limitFileSize = (bytes: number | 'unlimited'): void => {
      execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]);
    };
    const cutAfter = async (sink: AuditSink): Promise<void> => {
      limitFileSize(LIMIT);
      try {
        await Promise.all(Array.from({ length: 60 }, (_, n) => sink.intent(padded(n, 101), false)));
      } finally {
        limitFileSize('unlimited');
      }
    };
    const all = Array.from({ length: 60 }, (_, n) => n);

    it('goes on with the rest', async () => {
      const sink = await sinkAt(path);
      await cutAfter(sink);
      expect(statSync(path).size).to.equal(LIMIT);
      expect(readFileSync(path, 'utf8').endsWith('\n')).to.equal(false);
      await until(() => sink.health().spooledBytes === 0);
      expect(numbers()).to.deep.equal(all);
    });

    it('starts the line again in a new file, and takes the torn half back from the old one', async () => {
      const sink = await sinkAt(path);
      await cutAfter(sink);
      renameSync(path, `${path}.1`);
      await until(() => sink.health().spooledBytes === 0);
      expect([...numbers(`${path}.1`), ...numbers()]).to.deep.equal(all);
      expect(numbers()).not.to.have.length(0);
    });

    it('does not append to a line that another one cut', async () => {
      const sink = await sinkAt(path);
      await sink.intent(line(1), false);
      renameSync(path, `${path}.1`);
      appendFileSync(path, '{"n":');
      sink.reopen();
      await sink.intent(line(2), false);
      expect(readFileSync(path, 'utf8')).to.equal('{"n":\n{"n":2}\n');
    });
  });

  describe('a disk that hangs', () => {
    it('lets requests go on, refuses durable ones, and writes everything once it moves', async () => {
      mkdirSync(join(folder, 'deep'));
      execFileSync('mkfifo', [path]);
      const sink = await sinkAt(path);
      // More than a pipe holds: the write blocks until somebody reads.
      const size = 100_000;
      await sink.intent(padded(1, size), false);
      expect(sink.health().state).to.equal('failing');
      await sink.intent(line(2), false);
      expect(await refusalOf(sink.intent(line(3), true))).to.be.instanceOf(AuditUnavailable);
      const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'ignore'] });
      try {
        let text = '';
        reader.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
        await until(() => text.includes(line(3)));
        expect(text).to.equal(padded(1, size) + line(2) + line(3));
      } finally {
        reader.kill();
      }
    }).timeout(PATIENCE_MS * 2);
  });
});
