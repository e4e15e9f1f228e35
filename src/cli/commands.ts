import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { runMigrate, runStatus } from './db.ts';
import { runGc } from './gc.ts';
import { runKeysRetire } from './keys-retire.ts';
import { runKeysRotate, runKeysRotations } from './keys-rotate.ts';
import { runKeysStatus } from './keys-status.ts';
import { runKeysCheck, runKeysInit } from './keys.ts';
import { runMoveCommand, runMoveFinish, runMovePause, runMoveResume, runMoveUndo } from './move.ts';
import { runMoveList, runMoveReceipts } from './moves.ts';
import { flagOption, type OptionValues } from './options.ts';
import { runServe } from './serve.ts';
import { runAssign, runCheck, runList, runUnassign } from './stores.ts';
import type { Trail } from './trail.ts';
import { runVerify } from './verify.ts';

/** What was typed. */
export interface Invocation {
  readonly config: Config;
  /** After the command's own. */
  readonly words: readonly string[];
  /** Those the command declares. */
  readonly options: OptionValues;
  /** `--json`: a machine reads what is printed. */
  readonly json: boolean;
  /** Who typed it, as `user@host`. */
  readonly operator: string;
  readonly log: Log;
  readonly trail: Trail;
}

export interface Command {
  readonly help: string;
  readonly example: string;
  /** The value is printed; a command that goes on by itself returns none. */
  run(invocation: Invocation): Promise<unknown>;
  /** Whether it, called like this, changes secrets, keys or stores, or reads payloads. Left out: never. */
  readonly isAudited?: (options: OptionValues) => boolean;
  /** Besides those of every command. One name has one type, whatever the command. */
  readonly options?: Readonly<Record<string, OptionType>>;
  /** Options that name the words instead, in the words' order. */
  readonly named?: readonly string[];
}

export interface OptionType {
  readonly type: 'string' | 'boolean';
}

const TEXT: OptionType = { type: 'string' };
const FLAG: OptionType = { type: 'boolean' };
/** How fast long work goes: at most so many a second, so many at once. */
const PACE = { rate: TEXT, concurrency: TEXT };

const ALWAYS = (): boolean => true;
const UNLESS_DRY = (options: OptionValues): boolean => !flagOption(options, 'dry-run');
const IF_DESTROYING = (options: OptionValues): boolean => flagOption(options, 'destroy');

/** By their words. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    help: 'Serve the API until SIGTERM.',
    example: 'postern serve --config conf/postern.dev.yaml',
    run: ({ config, log }) => runServe(config, log),
  },
  'db migrate': {
    help: 'Bring the database schema up to date.',
    example: 'postern db migrate --config /etc/postern/postern.yaml',
    run: ({ config }) => runMigrate(config),
  },
  'db status': {
    help: 'Show what a migrate would apply.',
    example: 'postern db status --config /etc/postern/postern.yaml',
    run: ({ config }) => runStatus(config),
  },
  'config check': {
    help: 'Read the configuration and say what is wrong with it.',
    example: 'postern config check --config /etc/postern/postern.yaml',
    run: () => Promise.resolve({ config: 'ok' }),
  },
  'stores list': {
    help: 'Show the configured stores, their projects and how many payloads they hold; or where projects keep theirs.',
    example: 'postern stores list --projects --config /etc/postern/postern.yaml',
    run: ({ config, options }) => runList(config, options),
    options: { project: TEXT, projects: FLAG },
  },
  'stores check': {
    help: 'Ask every store whether it can serve.',
    example: 'postern stores check --config /etc/postern/postern.yaml',
    run: ({ config, log }) => runCheck(config, log),
  },
  'stores assign': {
    help: 'Send the new secrets of a project to a store.',
    example: 'postern stores assign --project 4c0d6b1a9f7e4f0d9d0b6f0f3f0e7a11 --store hsm',
    run: ({ config, words }) => runAssign(config, words),
    isAudited: ALWAYS,
    options: { project: TEXT, store: TEXT },
    named: ['project', 'store'],
  },
  'stores unassign': {
    help: 'Send the new secrets of a project to the default store again.',
    example: 'postern stores unassign --project 4c0d6b1a9f7e4f0d9d0b6f0f3f0e7a11',
    run: ({ config, words }) => runUnassign(config, words),
    isAudited: ALWAYS,
    options: { project: TEXT },
    named: ['project'],
  },
  verify: {
    help: 'Read payloads back from their stores, all or a sample, and say which do not come.',
    example: 'postern verify --sample 1000\n  (--store STORE, --project PROJECT, --rate N, --concurrency N)',
    run: runVerify,
    isAudited: ALWAYS,
    options: { store: TEXT, project: TEXT, sample: TEXT, ...PACE },
  },
  'keys init': {
    help: 'Make the master keys of an HSM store that its token lacks.',
    example: 'postern keys init hsm --config /etc/postern/postern.yaml',
    run: ({ config, words, log }) => runKeysInit(config, words, log),
    isAudited: ALWAYS,
  },
  'keys check': {
    help: 'Show the master keys of an HSM store as its token has them.',
    example: 'postern keys check hsm --config /etc/postern/postern.yaml',
    run: ({ config, words, log }) => runKeysCheck(config, words, log),
  },
  'keys status': {
    help: 'Show master keys and project keys, and what needs them.',
    example: 'postern keys status software --config /etc/postern/postern.yaml',
    run: runKeysStatus,
    options: { project: TEXT },
  },
  'keys rotate': {
    help: 'Replace the keys of a store while they are in use, and go on with what was left.',
    example: 'postern keys rotate software --level master --config /etc/postern/postern.yaml',
    run: runKeysRotate,
    isAudited: UNLESS_DRY,
    options: { level: TEXT, project: TEXT, ...PACE, 'dry-run': FLAG },
  },
  'keys rotations': {
    help: 'Show every rotation, the newest first.',
    example: 'postern keys rotations --config /etc/postern/postern.yaml',
    run: runKeysRotations,
  },
  'keys retire': {
    help: 'Let go of keys that nothing needs any more.',
    example: 'postern keys retire software 2026-11 --config /etc/postern/postern.yaml',
    run: runKeysRetire,
    isAudited: ALWAYS,
    options: { 'project-keks': FLAG, destroy: FLAG, ...PACE },
  },
  gc: {
    help: 'Show what stores and tables hold that nobody needs, and let it go.',
    example:
      'postern gc\n  postern gc --destroy --expired-after 30d\n  (--store STORE, --at-most N, --rate N, --concurrency N, --receipts-after 365d)',
    run: runGc,
    isAudited: IF_DESTROYING,
    options: {
      destroy: FLAG,
      'at-most': TEXT,
      store: TEXT,
      'expired-after': TEXT,
      'receipts-after': TEXT,
      ...PACE,
    },
  },
  move: {
    help: 'Move secrets to another store while they are used.',
    example:
      'postern move --project 4c0d6b1a9f7e4f0d9d0b6f0f3f0e7a11 --to hsm --dry-run\n  (or --from STORE; --type, --algorithm, --rate N, --concurrency N, --keep)',
    run: runMoveCommand,
    isAudited: UNLESS_DRY,
    options: {
      project: TEXT,
      from: TEXT,
      to: TEXT,
      type: TEXT,
      algorithm: TEXT,
      keep: FLAG,
      'dry-run': FLAG,
      ...PACE,
    },
  },
  'move list': {
    help: 'Show all moves and how far they are.',
    example: 'postern move list --json',
    run: runMoveList,
  },
  'move receipts': {
    help: 'Show what became of each secret in a move.',
    example: 'postern move receipts mov-6f0f7c3e-2b0a-4d8e-9a55-0d5a1f6c2b11 --state failed',
    run: runMoveReceipts,
    options: { state: TEXT },
  },
  'move resume': {
    help: 'Go on with a move that was killed, stopped or paused.',
    example: 'postern move resume mov-6f0f7c3e-2b0a-4d8e-9a55-0d5a1f6c2b11',
    run: runMoveResume,
    isAudited: ALWAYS,
    options: PACE,
  },
  'move pause': {
    help: 'Stop a move for now, wherever it runs.',
    example: 'postern move pause mov-6f0f7c3e-2b0a-4d8e-9a55-0d5a1f6c2b11',
    run: runMovePause,
    isAudited: ALWAYS,
  },
  'move undo': {
    help: 'Take a move back whose old copies are still there.',
    example: 'postern move undo mov-6f0f7c3e-2b0a-4d8e-9a55-0d5a1f6c2b11',
    run: runMoveUndo,
    isAudited: ALWAYS,
    options: PACE,
  },
  'move finish': {
    help: 'Destroy the old copies of what a move has moved.',
    example: 'postern move finish mov-6f0f7c3e-2b0a-4d8e-9a55-0d5a1f6c2b11',
    run: runMoveFinish,
    isAudited: ALWAYS,
    options: PACE,
  },
};
