import { expect } from 'chai';
import { pythonRepr, strip } from '../../src/http/text.ts';

/** What Python's `str.isspace` says yes to: more, and less, than JavaScript's `trim`. */
const SPACES = [
  0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002,
  0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
];

describe('texts', () => {
  it('lose what Python calls white space, at both ends', () => {
    const stripped: number[] = [];
    for (let code = 0; code <= 0xffff; code += 1) {
      const space = String.fromCharCode(code);
      if (strip(`${space}a${space}b${space}`) === `a${space}b`) stripped.push(code);
    }
    expect(stripped).to.deep.equal(SPACES);
  });

  it('with a million spaces in the middle take no time', () => {
    const text = `a${' '.repeat(1_000_000)}b`;
    const before = performance.now();
    expect(strip(text)).to.equal(text);
    expect(performance.now() - before).to.be.below(500);
  });

  it('of white space only become empty, however long', () => {
    expect(strip(' \t\n'.repeat(20_000))).to.equal('');
    expect(strip(`${' '.repeat(20_000)}a${' '.repeat(20_000)}`)).to.equal('a');
  });

  const REPRS: readonly [value: unknown, python: string][] = [
    [null, 'None'],
    [undefined, 'None'],
    [true, 'True'],
    [false, 'False'],
    [5, '5'],
    [-1.5, '-1.5'],
    ['', "''"],
    ['text', "'text'"],
    ["it's", `"it's"`],
    ['say "x"', `'say "x"'`],
    [`it's "x"`, String.raw`'it\'s "x"'`],
    ['a\\b', String.raw`'a\\b'`],
    ['a\n\r\tb', String.raw`'a\n\r\tb'`],
    ['ключ 🔑', "'ключ 🔑'"],
    [[], '[]'],
    [[1, 'a', null], "[1, 'a', None]"],
    [{}, '{}'],
    [{ k: 1, l: { m: [true] } }, "{'k': 1, 'l': {'m': [True]}}"],
  ];
  for (const [value, python] of REPRS) {
    it(`quotes ${JSON.stringify(value)} as Python does`, () => expect(pythonRepr(value)).to.equal(python));
  }
});
