import { z } from 'zod';
import { parseMasterKey } from './keys.ts';

/** One length byte in the layout of a wrapped KEK. */
const MAX_ID_BYTES = 255;

const id = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= MAX_ID_BYTES, `at most ${MAX_ID_BYTES} bytes`);

/** Never quotes its input: it is a key, or nearly one. */
const key = z
  .custom<string | Uint8Array>(isText, 'expected base64 of 32 bytes')
  .transform((value, context) => {
    const parsed = parseMasterKey(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'expected base64 of 32 bytes' });
    return z.NEVER;
  });

function isText(value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array;
}

const masterKeys = z
  .array(z.strictObject({ id, key }))
  .min(1)
  .superRefine((keys, context) => {
    const ids = keys.map((one) => one.id);
    const twice = ids.find((one, index) => ids.indexOf(one) !== index);
    if (twice !== undefined)
      context.addIssue({ code: 'custom', message: `two master keys have the id "${twice}"` });
  });

/** The first master key wraps new project keys; all of them unwrap. */
export const simpleCryptoOptions = z.strictObject({
  kind: z.literal('simple_crypto'),
  name: z.string().min(1),
  master_keys: masterKeys,
});
export type SimpleCryptoOptions = z.output<typeof simpleCryptoOptions>;
