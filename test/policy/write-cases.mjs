// Writes the matrix as data for `opa eval`: write-cases.mjs OUTPUT
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { matrixCases } from './matrix-cases.ts';

writeFileSync(process.argv[2], JSON.stringify({ cases: matrixCases() }));
