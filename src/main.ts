#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { runMigrate, runStatus } from './cli/db.ts';
import { runKeysCheck, runKeysInit } from './cli/keys.ts';
import { present } from './cli/output.ts';
import { runServe } from './cli/serve.ts';
import { runAssign, runCheck, runList, runUnassign } from './cli/stores.ts';
import { loadConfig } from './config-file.ts';
import type { Config } from './config.ts';
import { ConfigurationError } from './errors.ts';
import { createLog, errorFields, type Log } from './log.ts';

interface Command {
  readonly help: string;
  readonly example: string;
  /** The value is printed; a command that goes on by itself returns none. */
  run(config: Config, words: readonly string[], log: Log): Promise<unknown>;
  /** Options that name the words instead, in the words' order. */
  readonly named?: readonly ('project' | 'store')[];
}

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    help: 'Serve the API until SIGTERM.',
    example: 'postern serve --config conf/postern.dev.yaml',
    run: (config, _words, log) => runServe(config, log),
  },
  'db migrate': {
    help: 'Bring the database schema up to date.',
    example: 'postern db migrate --config /etc/postern/postern.yaml',
    run: runMigrate,
  },
  'db status': {
    help: 'Show what a migrate would apply.',
    example: 'postern db status --config /etc/postern/postern.yaml',
    run: runStatus,
  },
  'config check': {
    help: 'Read the configuration and say what is wrong with it.',
    example: 'postern config check --config /etc/postern/postern.yaml',
    run: () => Promise.resolve({ config: 'ok' }),
  },
  'stores list': {
    help: 'Show the configured stores, their projects and how many payloads they hold.',
    example: 'postern stores list --json --config /etc/postern/postern.yaml',
    run: runList,
  },
  'stores check': {
    help: 'Ask every store whether it can serve.',
    example: 'postern stores check --config /etc/postern/postern.yaml',
    run: runCheck,
  },
  'stores assign': {
    help: 'Send the new secrets of a project to a store.',
    example: 'postern stores assign --project 4c0d6b1a9f7e4f0d9d0b6f0f3f0e7a11 --store hsm',
    run: runAssign,
    named: ['project', 'store'],
  },
  'stores unassign': {
    help: 'Send the new secrets of a project to the default store again.',
    example: 'postern stores unassign --project 4c0d6b1a9f7e4f0d9d0b6f0f3f0e7a11',
    run: runUnassign,
    named: ['project'],
  },
  'keys init': {
    help: 'Make the first master key of an HSM store on its token.',
    example: 'postern keys init hsm --config /etc/postern/postern.yaml',
    run: runKeysInit,
  },
  'keys check': {
    help: 'Show the master keys of an HSM store as its token has them.',
    example: 'postern keys check hsm --config /etc/postern/postern.yaml',
    run: runKeysCheck,
  },
};

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  project: { type: 'string' },
  store: { type: 'string' },
} as const;

/** What we create (database, keys, audit) is readable by our user alone. */
const PRIVATE_UMASK = 0o077;

async function main(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const found = findCommand(positionals);
  if (found === undefined || values.help === true) {
    process.stdout.write(usage(found?.command));
    if (values.help !== true) process.exitCode = 2;
    return;
  }
  process.umask(PRIVATE_UMASK);
  const file = values.config ?? environment['POSTERN_CONFIG'];
  if (file === undefined)
    throw new ConfigurationError('which configuration? --config FILE, or POSTERN_CONFIG');
  const config = loadConfig(file, environment);
  const log = createLog(config.log.level, (line) => process.stderr.write(line));
  process.on('unhandledRejection', (error) => log.error('a rejection nobody handled', errorFields(error)));
  const shown = await found.command.run(config, wordsOf(found, values), log);
  if (shown !== undefined) process.stdout.write(present(shown, values.json === true));
}

interface Found {
  readonly command: Command;
  readonly words: readonly string[];
}

/** An option that the command has no use for is a mistake, not something to pass over. */
function wordsOf(
  { command, words }: Found,
  options: { readonly project?: string | undefined; readonly store?: string | undefined },
): readonly string[] {
  const given = (['project', 'store'] as const).filter((name) => options[name] !== undefined);
  const unused = given.find((name) => command.named?.includes(name) !== true);
  if (unused !== undefined) throw new ConfigurationError(`--${unused} means nothing here`);
  if (given.length === 0) return words;
  if (words.length > 0) throw new ConfigurationError('name them all, or none');
  return (command.named ?? []).flatMap((name) => options[name] ?? []);
}

function findCommand(words: readonly string[]): Found | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (words.length >= length && command !== undefined) return { command, words: words.slice(length) };
  }
  return undefined;
}

function usage(command: Command | undefined): string {
  if (command !== undefined) return `${command.help}\n\n  ${command.example}\n`;
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { help }]) => `  ${name.padEnd(width)}  ${help}`);
  return `usage: postern COMMAND [--config FILE] [--json]\n\n${lines.join('\n')}\n\nCOMMAND --help shows an example.\n`;
}

main(process.argv.slice(2), process.env).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  process.stderr.write(`postern: ${message}${cause}\n`);
  process.exit(1);
});
