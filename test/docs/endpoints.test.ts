import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ROUTES } from '../../src/http/app.ts';
import { asWritten, pathsIn } from './endpoints.ts';

const PAGE = readFileSync(new URL('../../docs/compared-with-barbican.md', import.meta.url), 'utf8');

/** Answered before the API, or by nothing: no route has these. */
const NO_ROUTES: ReadonlySet<string> = new Set(['/', '/healthcheck', '/ready', '/openapi.json', '/v1/cas']);

describe('docs/compared-with-barbican.md', () => {
  const served = new Set(ROUTES.map(({ path }) => asWritten(path)));
  const named = new Set(pathsIn(PAGE));

  for (const path of served) {
    it(`compares ${path}`, () => {
      expect([...named]).to.include(path);
    });
  }

  it('compares nothing that is not there', () => {
    const gone = [...named].filter((path) => !served.has(path) && !NO_ROUTES.has(path));
    expect(gone).to.deep.equal([]);
  });
});

describe('the paths of a page', () => {
  it('are those in the first cells of its tables, written out', () => {
    const page =
      '`/x`\n| endpoint | |\n| --- | --- |\n| `/a`, `…/{id}`, `…/b`, `/c`, `…/{id}` | GET `/d` |\n| | POST |\n';
    expect(pathsIn(page)).to.deep.equal(['/a', '/a/{id}', '/a/b', '/c', '/c/{id}']);
  });

  it('are written as no router writes them', () => {
    expect(asWritten('/v1/a/:id/b/:key')).to.equal('/v1/a/{id}/b/{key}');
    expect(asWritten('/v1/a/:id/b/*ignored')).to.equal('/v1/a/{id}/b');
  });
});
