import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { AuditUnavailable, ConfigurationError } from '../../src/errors.ts';
import { createPlace, line, numbersIn, refusalOf, until, type Place } from './place.ts';

describe('audit file sink', () => {
  let place: Place;
  let path: string;

  beforeEach(() => {
    place = createPlace();
    path = place.path;
  });

  afterEach(() => place.leave());

  describe('a file that works', () => {
    it('creates folder and file for the owner alone', async () => {
      await place.sink();
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      expect(statSync(dirname(path)).mode & 0o777).to.equal(0o700);
    });

    it('has written an intent when it resolves', async () => {
      const sink = await place.sink();
      await sink.intent(line(1), false);
      expect(numbersIn(path)).to.deep.equal([1]);
      await sink.intent(line(2), true);
      expect(numbersIn(path)).to.deep.equal([1, 2]);
    });

    it('keeps the order of lines under concurrency', async () => {
      const sink = await place.sink();
      const expected = Array.from({ length: 3_000 }, (_, n) => n);
      await Promise.all(
        expected.map(async (n) => {
          if (n % 3 === 0) sink.outcome(line(n));
          else await sink.intent(line(n), n % 500 === 1);
          if (n % 100 === 0) await sleep(1);
        }),
      );
      await sink.close();
      expect(numbersIn(path)).to.deep.equal(expected);
    });

    it('writes an outcome without an intent that follows', async () => {
      const sink = await place.sink();
      sink.outcome(line(1));
      await until(() => numbersIn(path).length === 1);
    });

    it('flushes at close, and refuses afterwards', async () => {
      const sink = await place.sink();
      sink.outcome(line(1));
      await Promise.all([sink.close(), sink.close()]);
      expect(numbersIn(path)).to.deep.equal([1]);
      expect(await refusalOf(sink.intent(line(2), false))).to.be.instanceOf(AuditUnavailable);
    });

    it('appends to what an earlier process wrote, on a line of its own', async () => {
      mkdirSync(dirname(path));
      writeFileSync(path, '{"n":0}\n{"n":"cut by a power fail');
      const sink = await place.sink();
      await sink.intent(line(1), false);
      expect(readFileSync(path, 'utf8')).to.equal('{"n":0}\n{"n":"cut by a power fail\n{"n":1}\n');
    });

    it('does not start where it cannot write', async () => {
      writeFileSync(dirname(path), 'a file where the folder should be');
      expect(await refusalOf(place.sink())).to.be.instanceOf(ConfigurationError);
    });
  });

  describe('log rotation', () => {
    it('goes on in a new file and loses no line', async () => {
      const sink = await place.sink();
      await sink.intent(line(1), false);
      renameSync(path, `${path}.1`);
      await sink.intent(line(2), false);
      sink.reopen();
      await until(() => existsSync(path));
      await sink.intent(line(3), false);
      expect(numbersIn(`${path}.1`)).to.deep.equal([1, 2]);
      expect(numbersIn(path)).to.deep.equal([3]);
      expect(place.logged).to.deep.equal([]);
    });

    it('writes the lines of a removed file again', async () => {
      const sink = await place.sink();
      await sink.intent(line(1), false);
      rmSync(dirname(path), { recursive: true });
      await sink.intent(line(2), false);
      await until(() => existsSync(path) && numbersIn(path).length === 1);
      expect(numbersIn(path)).to.deep.equal([2]);
    });
  });
});
