import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { decodeBase64 } from '../../src/http/base64.ts';

/** Six bits counting up from 0 to 63. */
const ALL_DIGITS =
  '00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3dfbf';

/** The text, and the bytes in hexadecimal; null: its last group is incomplete. */
const TABLE: readonly [name: string, text: string, hex: string | null][] = [
  ['nothing', '', ''],
  ['a group', 'YWJj', '616263'],
  ['one padding', 'YWI=', '6162'],
  ['two paddings', 'YQ==', '61'],
  ['all digits', 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', ALL_DIGITS],
  ['lines', 'YW\r\nJj\n', '616263'],
  ['spaces and strangers', ' Y!W(J)j ', '616263'],
  ['the URL-safe digits are strangers', 'Y-W_Jj', '616263'],
  ['strangers only', '!!!!', ''],
  ['padding only', '====', ''],
  ['padding in front', '==YWJj', '616263'],
  ['padding after one digit is a stranger', 'Y=W=JjYQ==', '61626361'],
  ['padding inside ends the text', 'YWI=YWJj', '6162'],
  ['padding in two places', 'YQ=\n=YWJj', '61'],
  ['padding that a digit follows is none', 'YW=Jj', '616263'],
  ['padding after a group', 'YWJj====', '616263'],
  ['bits beyond the last byte are lost', 'YR==', '61'],
  ['one digit', 'Y', null],
  ['two digits', 'YW', null],
  ['three digits', 'YWJ', null],
  ['half the padding', 'YQ=', null],
  ['one digit and padding', 'Y===', null],
  ['a group and a digit', 'YWJjY', null],
];

describe('base64', () => {
  for (const [name, text, hex] of TABLE) {
    it(name, () => expect(decoded(Buffer.from(text, 'latin1'))).to.equal(hex));
  }

  /** Pairs of input and output in hexadecimal, as `base64.b64decode` of Python 3.11 answered. */
  it('decodes as Python does', () => {
    const vectors = JSON.parse(
      readFileSync(new URL('vectors/base64.json', import.meta.url), 'utf8'),
    ) as readonly [string, string | null][];
    expect(vectors).to.have.length.above(500);
    for (const [input, hex] of vectors) expect(decoded(Buffer.from(input, 'hex')), input).to.equal(hex);
  });

  it('decodes what Node encodes, whatever its length', () => {
    for (let length = 0; length < 70; length += 1) {
      const bytes = Buffer.from(Array.from({ length }, (_, n) => (n * 37 + length) % 256));
      expect(decoded(Buffer.from(bytes.toString('base64')))).to.equal(bytes.toString('hex'));
    }
  });

  it('owns its bytes: wiping them wipes no neighbour', () => {
    const [one, two] = [decodeBase64(Buffer.from('YWJj')), decodeBase64(Buffer.from('YWJj'))];
    one?.fill(0);
    expect(two?.toString()).to.equal('abc');
    expect(one?.buffer).not.to.equal(two?.buffer);
  });
});

const decoded = (text: Buffer): string | null => decodeBase64(text)?.toString('hex') ?? null;
