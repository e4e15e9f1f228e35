import { createHash } from 'node:crypto';
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigurationError } from '../../src/errors.ts';

/**
 * Where the processes of one host meet the one process that has the token: a socket in a folder of ours, whose name ends
 * in a number. To bind a name is atomic, so of several new processes one gets the next number and the others end; nobody
 * ever removes the newest name, so that nobody removes one that has just come to life.
 */
export interface Rendezvous {
  /** The newest number; 0 before the first. */
  newest(): number;
  path(number: number): string;
  /** True for one caller: the one who shall start the process of this number. */
  claim(number: number): boolean;
  /** The process behind the number, if it is still that process. */
  pid(number: number): number | undefined;
}

const GROUP_AND_OTHERS = 0o077;
/** `sun_path` of unix(7), less its final NUL; 104 on BSD. */
const MAX_PATH_BYTES = 103;
const NAME = /^([0-9a-f]+)\.([0-9]+)\.sock$/;

/** `identity`: whatever differs between two stores must differ in it. Names are visible to every user: no secrets. */
export function openRendezvous(folder: string, identity: readonly unknown[]): Rendezvous {
  preparePrivateFolder(folder);
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  const path = (number: number): string => join(folder, `${key}.${number}.sock`);
  if (Buffer.byteLength(path(99_999)) > MAX_PATH_BYTES)
    throw new ConfigurationError(
      `socket_folder ${folder}: a path that long cannot be bound; choose a shorter one`,
    );
  return {
    path,
    newest: () => Math.max(0, ...numbersIn(folder, key)),
    claim: (number) => claim(`${path(number)}.claim`),
    pid: (number) => pidBehind(path(number)),
  };
}

function preparePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { mode, uid } = lstatSync(folder);
    const isOurs = process.getuid === undefined || uid === process.getuid();
    if (isOurs && (mode & GROUP_AND_OTHERS) === 0) return;
  } catch (cause) {
    throw new ConfigurationError(`socket_folder ${resolve(folder)} cannot be made`, cause);
  }
  // No advice to change its mode: a path without a beginning may have met a folder of the system.
  throw new ConfigurationError(
    `socket_folder ${resolve(folder)} is open to other users, who could ask the token: name one that is ours alone`,
  );
}

function numbersIn(folder: string, key: string): readonly number[] {
  return readdirSync(folder).flatMap((name) => {
    const [, itsKey, number] = NAME.exec(name) ?? [];
    return itsKey === key ? [Number(number)] : [];
  });
}

function claim(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx', 0o600));
    return true;
  } catch {
    return false;
  }
}

/** For the process that has bound `path`: what older ones left is of no use to anybody. */
export function removeOlder(path: string): void {
  const [, key, own] = NAME.exec(basename(path)) ?? [];
  if (key === undefined) return;
  const folder = dirname(path);
  for (const number of numbersIn(folder, key)) {
    if (number >= Number(own)) continue;
    for (const suffix of ['', '.claim', '.pid'])
      rmSync(`${join(folder, `${key}.${number}.sock`)}${suffix}`, { force: true });
  }
}

/** A number in a file may by now be any process: only one that was started with this very path is ours to end. */
function pidBehind(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(`${path}.pid`, 'utf8'));
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return command.includes(path) ? pid : undefined;
  } catch {
    return undefined;
  }
}
