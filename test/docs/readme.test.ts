import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { anchorsIn, linksIn, npmScriptsIn } from './markdown.ts';

const CLONE = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = [
  'README.md',
  ...readdirSync(join(CLONE, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

const textOf = (page: string): string => readFileSync(join(CLONE, page), 'utf8');

/** The links of a page that lead nowhere: no such file, or no such heading in it. */
function brokenLinks(page: string): readonly string[] {
  return linksIn(textOf(page)).filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : relative(CLONE, join(CLONE, dirname(page), path));
    if (!existsSync(join(CLONE, target))) return true;
    return anchor !== undefined && !anchorsIn(textOf(target)).includes(anchor);
  });
}

describe('README and docs', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> };

  for (const page of PAGES) {
    it(`${page}: every link of ours leads somewhere`, () => {
      expect(brokenLinks(page)).to.deep.equal([]);
    });

    it(`${page}: every npm script it names is there`, () => {
      const missing = npmScriptsIn(textOf(page)).filter((name) => !(name in scripts));
      expect(missing).to.deep.equal([]);
    });
  }

  it('the README starts with the two commands', () => {
    expect(npmScriptsIn(textOf('README.md'))).to.include.members(['start', 'test']);
    expect(textOf('README.md')).to.contain('npm ci && npm start').and.to.contain('npm ci && npm test');
  });

  it('the README asks for the Node that package.json asks for', () => {
    const { engines } = JSON.parse(textOf('package.json')) as { engines: { node: string } };
    expect(textOf('README.md')).to.contain(`Node ${engines.node.replace('>=', '')}`);
  });
});

describe('what is read from a page', () => {
  it('links of ours, not those to elsewhere, nor those in code', () => {
    const page = '[a](b.md) [c](https://d) `[e](f)` [g](#h-i)\n```\n[j](k)\n```\n';
    expect(linksIn(page)).to.deep.equal(['b.md', '#h-i']);
  });

  it('headings as the anchors they get', () => {
    expect(anchorsIn('# One\n## Why was `this` refused?\n```\n# no heading\n```\n')).to.deep.equal([
      'one',
      'why-was-this-refused',
    ]);
  });

  it('npm scripts, not other npm commands', () => {
    const page = 'npm ci && npm start; npm run build && npm run bench -- --quick; npm prune; `npm test`';
    expect(npmScriptsIn(page)).to.deep.equal(['start', 'build', 'bench', 'test']);
  });
});
