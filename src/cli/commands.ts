import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { runMigrate, runStatus } from './db.ts';
import { runKeysCheck, runKeysInit } from './keys.ts';
import type { OptionValues } from './options.ts';
import { runServe } from './serve.ts';
import { runAssign, runCheck, runList, runUnassign } from './stores.ts';

/** What was typed. */
export interface Invocation {
  readonly config: Config;
  /** After the command's own. */
  readonly words: readonly string[];
  /** Those the command declares. */
  readonly options: OptionValues;
  /** `--json`: a machine reads what is printed. */
  readonly json: boolean;
  readonly log: Log;
}

export interface Command {
  readonly help: string;
  readonly example: string;
  /** The value is printed; a command that goes on by itself returns none. */
  run(invocation: Invocation): Promise<unknown>;
  /** Besides those of every command. One name has one type, whatever the command. */
  readonly options?: Readonly<Record<string, OptionType>>;
  /** Options that name the words instead, in the words' order. */
  readonly named?: readonly string[];
}

export interface OptionType {
  readonly type: 'string' | 'boolean';
}

const TEXT: OptionType = { type: 'string' };

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
    help: 'Show the configured stores, their projects and how many payloads they hold.',
    example: 'postern stores list --json --config /etc/postern/postern.yaml',
    run: ({ config }) => runList(config),
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
    options: { project: TEXT, store: TEXT },
    named: ['project', 'store'],
  },
  'stores unassign': {
    help: 'Send the new secrets of a project to the default store again.',
    example: 'postern stores unassign --project 4c0d6b1a9f7e4f0d9d0b6f0f3f0e7a11',
    run: ({ config, words }) => runUnassign(config, words),
    options: { project: TEXT },
    named: ['project'],
  },
  'keys init': {
    help: 'Make the first master key of an HSM store on its token.',
    example: 'postern keys init hsm --config /etc/postern/postern.yaml',
    run: ({ config, words, log }) => runKeysInit(config, words, log),
  },
  'keys check': {
    help: 'Show the master keys of an HSM store as its token has them.',
    example: 'postern keys check hsm --config /etc/postern/postern.yaml',
    run: ({ config, words, log }) => runKeysCheck(config, words, log),
  },
};
