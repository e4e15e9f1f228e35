#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { runAudited } from './cli/audited.ts';
import { COMMANDS, type Command } from './cli/commands.ts';
import { operatorName } from './cli/operator-name.ts';
import type { OptionValues } from './cli/options.ts';
import { present } from './cli/output.ts';
import { loadConfig } from './config-file.ts';
import { ConfigurationError } from './errors.ts';
import { createLog, errorFields } from './log.ts';

const OF_EVERY_COMMAND = {
  config: { type: 'string', short: 'c' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** An option may stand before the command's words, so they are all known before the command is. */
const OPTIONS = {
  ...Object.assign({}, ...Object.values(COMMANDS).map(({ options }) => options)),
  ...OF_EVERY_COMMAND,
} as typeof OF_EVERY_COMMAND;

/** What we create (database, keys, audit) is readable by our user alone. */
const PRIVATE_UMASK = 0o077;

async function main(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const { config: file = environment['POSTERN_CONFIG'], json = false, help, ...options } = values;
  const found = findCommand(positionals);
  if (found === undefined || help === true) {
    process.stdout.write(usage(found?.command));
    if (help !== true) process.exitCode = 2;
    return;
  }
  process.umask(PRIVATE_UMASK);
  if (file === undefined)
    throw new ConfigurationError('which configuration? --config FILE, or POSTERN_CONFIG');
  const words = wordsOf(found, options);
  const config = loadConfig(file, environment);
  const log = createLog(config.log.level, (line) => process.stderr.write(line));
  process.on('unhandledRejection', (error) => log.error('a rejection nobody handled', errorFields(error)));
  const operator = operatorName(environment);
  const invocation = { config, words, options, json, operator, log };
  const shown = await runAudited(found.name, found.command, invocation);
  if (shown !== undefined) process.stdout.write(present(shown, json));
}

interface Found {
  readonly name: string;
  readonly command: Command;
  readonly words: readonly string[];
}

/** An option that the command has no use for is a mistake, not something to pass over. */
function wordsOf({ command, words }: Found, options: OptionValues): readonly string[] {
  const unused = Object.keys(options).find((name) => !Object.hasOwn(command.options ?? {}, name));
  if (unused !== undefined) throw new ConfigurationError(`--${unused} means nothing here`);
  const given = (command.named ?? []).flatMap((name) => (options[name] as string | undefined) ?? []);
  if (given.length === 0) return words;
  if (words.length > 0) throw new ConfigurationError('name them all, or none');
  return given;
}

function findCommand(words: readonly string[]): Found | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (words.length >= length && command !== undefined) return { name, command, words: words.slice(length) };
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
