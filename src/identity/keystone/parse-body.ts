import type { z } from 'zod';
import { unavailable } from './unavailable.ts';

/** What is not what Keystone answers proves nothing about anybody. The errors of both parsers quote the text: not kept. */
export function parseBody<T extends z.ZodType>(schema: T, text: string, call: string): z.output<T> {
  const result = schema.safeParse(jsonIn(text, call));
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  throw unavailable(`${call}: the answer is not Keystone's (at "${where}")`);
}

function jsonIn(text: string, call: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unavailable(`${call}: the answer is not JSON`);
  }
}
