import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { aContainer, membersOf, refOf, shown, statuses, withMember } from './containers-objects.ts';
import { broker, created, freshProject } from './wire.ts';

const TIMES = 8;

/** Requests that meet: each table row of the contract still holds for whoever comes second. */
describeDatabases('containers, many requests at once', (dialect) => {
  const app = broker(dialect);
  const together = (request: (n: number) => Promise<Answer>): Promise<readonly Answer[]> =>
    Promise.all(Array.from({ length: TIMES }, (_, n) => request(n)));

  it('take a member once', async () => {
    const { container, secret } = await withMember(app(), 'x');
    const body = { name: 'y', secret_ref: secret };
    const answers = await together(() => app().request('POST', `${container}/secrets`, { body }));
    expect(statuses(answers)).to.equal('201 409 409 409 409 409 409 409');
    expect(await membersOf(app(), container)).to.deep.equal([`x ${secret}`, `y ${secret}`]);
  });

  it('take different members all', async () => {
    const { container, secret } = await withMember(app(), 'x');
    const answers = await together((n) =>
      app().request('POST', `${container}/secrets`, { body: { name: `n${n}`, secret_ref: secret } }),
    );
    expect(statuses(answers)).to.equal('201 201 201 201 201 201 201 201');
    expect(await membersOf(app(), container)).to.have.length(TIMES + 1);
  });

  it('let go of a member once', async () => {
    const { container, secret } = await withMember(app(), 'x');
    const body = { name: 'x', secret_ref: secret };
    const answers = await together(() => app().request('DELETE', `${container}/secrets`, { body }));
    expect(statuses(answers)).to.equal('204 404 404 404 404 404 404 404');
  });

  it('register a consumer once', async () => {
    const path = await aContainer(app());
    const body = { name: 'lb', URL: 'u' };
    const answers = await together(() => app().request('POST', `${path}/consumers`, { body }));
    expect(statuses(answers)).to.equal('200 200 200 200 200 200 200 200');
    expect((await shown(app(), path)).consumers).to.deep.equal([body]);
  });

  it('remove a consumer, and say so or that it is gone', async () => {
    const path = await aContainer(app());
    const body = { name: 'lb', URL: 'u' };
    await app().request('POST', `${path}/consumers`, { body });
    const answers = await together(() => app().request('DELETE', `${path}/consumers`, { body }));
    for (const { status } of answers) expect([200, 404]).to.include(status);
    expect(statuses(answers)).to.match(/^200/);
    expect((await shown(app(), path)).consumers).to.deep.equal([]);
  });

  it('survive being deleted while all else goes on', async () => {
    for (let round = 0; round < 5; round += 1) {
      const as = freshProject();
      const secret = await created(app(), {}, { as });
      const refs = [{ name: 'x', secret_ref: refOf(app(), secret) }];
      const path = await aContainer(app(), { secret_refs: refs }, as);
      const member = { name: 'y', secret_ref: secret };
      const answers = await Promise.all([
        app().request('POST', `${path}/secrets`, { body: member, as }),
        app().request('POST', `${path}/consumers`, { body: { name: 'lb', URL: 'u' }, as }),
        app().request('DELETE', path, { as }),
        app().request('DELETE', path, { as }),
        app().request('DELETE', `${path}/secrets`, { body: { ...member, name: 'x' }, as }),
        app().request('GET', path, { as }),
      ]);
      for (const answer of answers) expect([200, 201, 204, 404], answer.text).to.include(answer.status);
      expect((await app().request('GET', path, { as })).status).to.equal(404);
      expect((await app().request('GET', '/v1/containers', { as })).json?.['total']).to.equal(0);
    }
  });

  it('survive the loss of a secret that is put in meanwhile', async () => {
    for (let round = 0; round < 5; round += 1) {
      const secret = await created(app());
      const path = await aContainer(app());
      const refs = [{ name: 'x', secret_ref: refOf(app(), secret) }];
      const body = { type: 'generic', secret_refs: refs };
      const answers = await Promise.all([
        app().request('POST', `${path}/secrets`, { body: refs[0] }),
        app().request('POST', '/v1/containers', { body }),
        app().request('DELETE', secret),
        app().request('POST', '/v1/containers', { body }),
      ]);
      for (const answer of answers) expect([201, 204, 404], answer.text).to.include(answer.status);
      expect(await membersOf(app(), path)).to.deep.equal([]);
    }
  });
});
