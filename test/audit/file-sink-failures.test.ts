import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'chai';
import type { AuditSink } from '../../src/audit/audit.ts';
import { AuditUnavailable } from '../../src/errors.ts';
import { PATIENCE_MS, createPlace, line, numbersIn, padded, refusalOf, until, type Place } from './place.ts';

describe('audit file sink under failure', () => {
  let place: Place;
  let path: string;

  beforeEach(() => {
    place = createPlace();
    path = place.path;
  });

  afterEach(() => place.leave());

  describe('a full disk', () => {
    /** A link to a device that is always full; pointing it at a file is freeing the disk. */
    const fillDisk = (): void => {
      mkdirSync(dirname(path), { recursive: true });
      if (existsSync(path)) unlinkSync(path);
      symlinkSync('/dev/full', path);
    };
    const freeDisk = (): void => {
      unlinkSync(path);
      writeFileSync(path, '', { mode: 0o600 });
    };

    it('lets requests go on and writes every line in order when there is room again', async () => {
      fillDisk();
      const sink = await place.sink();
      for (let n = 0; n < 100; n += 1) {
        await sink.intent(line(2 * n), false);
        sink.outcome(line(2 * n + 1));
      }
      expect(sink.health().state).to.equal('failing');
      freeDisk();
      await until(() => sink.health().spooledBytes === 0);
      expect(sink.health().state).to.equal('ok');
      expect(numbersIn(path)).to.deep.equal(Array.from({ length: 200 }, (_, n) => n));
    });

    it('is found free without any new event', async () => {
      fillDisk();
      const sink = await place.sink();
      sink.outcome(line(1));
      await until(() => sink.health().state === 'failing');
      freeDisk();
      await until(() => numbersIn(path).length === 1);
    });

    it('says so once in the log, and once that it is over', async () => {
      fillDisk();
      const sink = await place.sink();
      for (let n = 0; n < 20; n += 1) await sink.intent(line(n), false);
      freeDisk();
      await until(() => sink.health().state === 'ok');
      expect(place.logged).to.have.length(2);
      expect(place.logged[0]).to.contain('ENOSPC');
    });

    it('refuses a durable intent, for a line in memory is not durable', async () => {
      fillDisk();
      const sink = await place.sink();
      expect(await refusalOf(sink.intent(line(1), true))).to.be.instanceOf(AuditUnavailable);
      await sink.intent(line(2), false);
      expect(await refusalOf(sink.intent(line(3), true))).to.be.instanceOf(AuditUnavailable);
    });

    it('refuses intents past the bound, keeps room for outcomes, and counts what fits nowhere', async () => {
      fillDisk();
      const sink = await place.sink(10_000);
      for (let n = 0; n < 80; n += 1) await sink.intent(padded(n, 100), false);
      const refused = await refusalOf(sink.intent(padded(80, 100), false));
      expect(refused).to.be.instanceOf(AuditUnavailable).and.to.include({ status: 503 });
      expect(sink.health().state).to.equal('full');
      for (let n = 100; n < 130; n += 1) sink.outcome(padded(n, 100));
      expect(sink.health().dropped).to.equal(10);

      freeDisk();
      await until(() => sink.health().dropped === 0 && sink.health().spooledBytes === 0);
      const written = numbersIn(path);
      expect(written.slice(0, 80)).to.deep.equal(Array.from({ length: 80 }, (_, n) => n));
      expect(written.slice(80)).to.deep.equal([...Array.from({ length: 20 }, (_, n) => 100 + n), 'dropped']);
      expect(readFileSync(path, 'utf8')).to.contain('"kind":"dropped","count":10}');
      await sink.intent(line(200), false);
    });

    it('tells how much was lost if it stays full to the end', async () => {
      fillDisk();
      const sink = await place.sink();
      await sink.intent(line(1), false);
      await sink.close();
      expect(place.logged.at(-1)).to.contain('lost');
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
      const sink = await place.sink();
      await cutAfter(sink);
      expect(statSync(path).size).to.equal(LIMIT);
      expect(readFileSync(path, 'utf8').endsWith('\n')).to.equal(false);
      await until(() => sink.health().spooledBytes === 0);
      expect(numbersIn(path)).to.deep.equal(all);
    });

    it('starts the line again in a new file, and takes the torn half back from the old one', async () => {
      const sink = await place.sink();
      await cutAfter(sink);
      renameSync(path, `${path}.1`);
      await until(() => sink.health().spooledBytes === 0);
      expect([...numbersIn(`${path}.1`), ...numbersIn(path)]).to.deep.equal(all);
      expect(numbersIn(path)).not.to.have.length(0);
    });

    it('does not append to a line that another one cut', async () => {
      const sink = await place.sink();
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
      mkdirSync(dirname(path));
      execFileSync('mkfifo', [path]);
      const sink = await place.sink();
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
