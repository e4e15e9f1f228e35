import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLONE = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(CLONE, 'dist/src/main.js');

let isBuilt = false;

/**
 * What users run, built from the sources as they are: its processes start in half the time of those that compile on their
 * way in, and tests start hundreds. Built once in a run of the tests, by the first that needs it.
 */
export function builtMain(): string {
  if (!isBuilt) build();
  isBuilt = true;
  return MAIN;
}

/** Types are another check's business: what can be built is built. */
function build(): void {
  try {
    const compiler = join(CLONE, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: CLONE, stdio: 'ignore' });
  } catch (error) {
    if (!existsSync(MAIN)) throw error;
  }
}
