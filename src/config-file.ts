import { readFileSync, statSync } from 'node:fs';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { type z } from 'zod';
import { generateMasterKeyFile, readPrivateFile } from '../backends/simple-crypto/keys.ts';
import { configSchema, type Config } from './config.ts';
import { ConfigurationError } from './errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Path = readonly (string | number)[];

/** Reads, resolves references, checks; throws `ConfigurationError` that names file, line and what to change. */
export function loadConfig(file: string, environment: Environment): Config {
  const lines = new LineCounter();
  const document = parseDocument(readText(file), { lineCounter: lines, uniqueKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined) throw new ConfigurationError(`${file}: ${fault.message}`);
  const at = (path: Path): string => `${file}:${lineOf(document, lines, path)}`;
  const plain = resolve(plainValue(document, file), [], environment, at);
  const checked = configSchema.safeParse(plain ?? {});
  if (checked.success) return deepFrozen(checked.data);
  throw new ConfigurationError(checked.error.issues.map((issue) => describeIssue(issue, at)).join('\n'));
}

/** Aliases are refused: a few lines of them unfold into gigabytes. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw new ConfigurationError(`${file}: ${cause instanceof Error ? cause.message : 'not plain YAML'}`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(`the configuration file ${file} cannot be read`, cause);
  }
}

/** The line of the deepest part of `path` that is written in the file. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node: unknown = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function describeIssue(issue: z.core.$ZodIssue, at: (path: Path) => string): string {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const where = issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path;
  return `${at(where)}: ${path.length === 0 ? '' : `${path.join('.')}: `}${issue.message}`;
}

type Where = (path: Path) => string;

/** `{ file: ... }` and `{ env: ... }` become the text they point to: a secret never stands in the file itself. */
function resolve(value: unknown, path: Path, environment: Environment, at: Where): unknown {
  if (Array.isArray(value))
    return value.map((item, index) => resolve(item, [...path, index], environment, at));
  if (typeof value !== 'object' || value === null) return value;
  const reference = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(reference).sort().join(' ');
  if (names === 'env') return fromEnvironment(reference['env'], path, environment, at);
  if (names === 'file' || names === 'file generate') return fromFile(reference, path, at);
  const entries = Object.entries(reference);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, resolve(item, [...path, key], environment, at)]),
  );
}

function fromEnvironment(name: unknown, path: Path, environment: Environment, at: Where): string {
  const value = typeof name === 'string' ? environment[name] : undefined;
  if (value === undefined) {
    throw new ConfigurationError(
      `${at(path)}: ${path.join('.')}: the environment variable ${String(name)} is not set`,
    );
  }
  return value;
}

function fromFile({ file, generate }: Readonly<Record<string, unknown>>, path: Path, at: Where): string {
  if (typeof file !== 'string')
    throw new ConfigurationError(`${at(path)}: ${path.join('.')}.file must be a path`);
  if (generate === true && statSync(file, { throwIfNoEntry: false }) === undefined)
    generateMasterKeyFile(file);
  try {
    return readPrivateFile(file).toString('utf8').trimEnd();
  } catch (error) {
    const { message, cause } = error as ConfigurationError;
    throw new ConfigurationError(`${at(path)}: ${path.join('.')}: ${message}`, cause);
  }
}

function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  for (const member of Object.values(value)) deepFrozen(member);
  return Object.freeze(value);
}
