import { readFileSync } from 'node:fs';
import { copyFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { PolicyEngine } from '../../src/policy/engine.ts';
import { ask, closeEngines, engineOf, scratchFolder, until } from './engines.ts';
import { BUNDLE, fixture } from './samples.ts';

describe('createOpaEngine', () => {
  let folder: Awaited<ReturnType<typeof scratchFolder>>;

  beforeEach(async () => {
    folder = await scratchFolder();
  });

  afterEach(async () => {
    await closeEngines();
    await folder.remove();
  });

  describe('reload', () => {
    const seen: string[] = [];
    let path: string;
    let engine: PolicyEngine;

    beforeEach(async () => {
      seen.length = 0;
      path = folder.path('bundle');
      await copyFile(fixture('site.tar.gz'), path);
      engine = await engineOf({
        bundle: path,
        reloadSeconds: 0.01,
        onReload: (revision) => seen.push(revision),
        onError: (error) => seen.push(error.message),
      });
    });

    const replaceBy = async (source: string | Buffer): Promise<void> => {
      await writeFile(folder.path('next'), typeof source === 'string' ? readFileSync(source) : source);
      await rename(folder.path('next'), path);
    };

    it('takes a new bundle, whole', async () => {
      const before = await ask(engine);
      await replaceBy(BUNDLE);
      await until(() => seen.length > 0);
      expect(seen).to.deep.equal([engine.revision]);
      const after = await ask(engine);
      expect(after.revision).to.equal(engine.revision).and.not.equal(before.revision);
      expect([before.obligations, after.obligations]).to.deep.equal([{ audit: 'sync' }, {}]);
    });

    it('keeps the last good one, says why, and recovers', async () => {
      const { revision } = engine;
      await replaceBy(Buffer.from('broken'));
      await until(() => seen.length > 0);
      await replaceBy(fixture('clock.tar.gz'));
      await until(() => seen.length > 1);
      expect(seen[0]).to.contain('gzip');
      expect(seen[1]).to.contain('time.now_ns');
      expect(engine.revision).to.equal(revision);
      expect((await ask(engine)).allow).to.equal(true);
      await replaceBy(BUNDLE);
      await until(() => seen.length > 2);
      expect(seen[2]).to.equal(engine.revision).and.not.equal(revision);
    });

    it('reports a broken file once, a missing one as long as it is missing', async () => {
      await replaceBy(Buffer.from('broken'));
      await until(() => seen.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(seen).to.have.lengthOf(1);
      await rm(path);
      await until(() => seen.length > 2);
      expect(seen[2]).to.contain('ENOENT');
    });

    it('does not begin anew for the same bytes', async () => {
      await utimes(path, new Date(), new Date(0));
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(seen).to.deep.equal([]);
    });

    it('ends with close', async () => {
      await engine.close();
      await engine.close();
      await replaceBy(BUNDLE);
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(seen).to.deep.equal([]);
    });
  });
});
