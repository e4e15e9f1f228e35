import { ConfigurationError } from '../errors.ts';

/** What `--name` was given as: text, true for one that takes none, undefined when it was left out. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** Undefined when it was left out; the empty text is a mistake. */
export function textOption(options: OptionValues, name: string): string | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw new ConfigurationError(`--${name} needs a value`);
  return value;
}

/** A positive number, undefined when it was left out. */
export function numberOption(options: OptionValues, name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new ConfigurationError(`--${name} needs a number above 0, not "${text}"`);
  return value;
}

/** A whole number above 0, undefined when it was left out. */
export function countOption(options: OptionValues, name: string): number | undefined {
  const value = numberOption(options, name);
  if (value !== undefined && !Number.isInteger(value))
    throw new ConfigurationError(`--${name} needs a whole number`);
  return value;
}

export const flagOption = (options: OptionValues, name: string): boolean => options[name] === true;
