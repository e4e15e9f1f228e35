// Writes a bundle: pack.mjs MODULE DATA OUTPUT
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { packBundle } from '../src/policy/pack.ts';

const [wasm, data, output] = process.argv.slice(2);
writeFileSync(
  output,
  await packBundle({ wasm: readFileSync(wasm), data: JSON.parse(readFileSync(data, 'utf8')) }),
);
