import { expect } from 'chai';
import type { CommandBatch } from '../../src/audit/command-audit.ts';
import { createTrail } from '../../src/cli/trail.ts';

describe('the trail of a long command', () => {
  const told: CommandBatch[] = [];
  const tell = (batch: CommandBatch): Promise<void> => {
    told.push(batch);
    return Promise.resolve();
  };
  beforeEach(() => {
    told.length = 0;
  });

  it('is told of in batches of a thousand, each with its own counts', async () => {
    const trail = createTrail(tell);
    for (let n = 0; n < 2_500; n += 1) trail.hear('moving', n % 10 === 0 ? 'skipped' : 'done');
    await trail.end();
    expect(told).to.deep.equal([
      { work: 'moving', done: 900, skipped: 100, failed: 0 },
      { work: 'moving', done: 900, skipped: 100, failed: 0 },
      { work: 'moving', done: 450, skipped: 50, failed: 0 },
    ]);
  });

  it('keeps kinds of work apart', async () => {
    const trail = createTrail(tell);
    for (const work of ['moving', 'moving', 'destroying', 'moving']) trail.hear(work, 'failed');
    await trail.end();
    expect(told.map(({ work, failed }) => [work, failed])).to.deep.equal([
      ['moving', 2],
      ['destroying', 1],
      ['moving', 1],
    ]);
  });

  it('says nothing of nothing', async () => {
    const trail = createTrail(tell);
    await trail.end();
    await trail.end();
    expect(told).to.deep.equal([]);
  });

  it('tells one batch after the other', async () => {
    let running = 0;
    const trail = createTrail(async () => {
      running += 1;
      expect(running).to.equal(1);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    });
    for (let n = 0; n < 3_000; n += 1) trail.hear('moving', 'done');
    await trail.end();
    expect(running).to.equal(0);
  });

  it('ends the work once the audit takes no more', async () => {
    const full = new Error('no space left');
    const trail = createTrail(() => Promise.reject(full));
    for (let n = 0; n < 1_000; n += 1) trail.hear('moving', 'done');
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => trail.hear('moving', 'done')).to.throw(full);
    const ended: unknown = await trail.end().catch((error: unknown) => error);
    expect(ended).to.equal(full);
  });
});
