import { type Item } from './item.ts';
import { tagName } from './readers.ts';
import { TAG } from './tags.ts';

/** What is secret, with everything in it. */
const SECRET: ReadonlySet<number> = new Set([
  TAG['Key Value'],
  TAG['Key Material'],
  TAG['Secret Data'],
  TAG['Opaque Data Value'],
  TAG['Certificate Value'],
  TAG['Credential Value'],
  TAG.Password,
  TAG['One Time Password'],
  TAG['Hashed Password'],
  TAG['Server Hashed Password'],
  TAG['Ticket Value'],
  TAG.Data,
]);

/**
 * An item as lines of text for a trace: names, types, lengths, and values that are no secret. Byte strings and big integers
 * are never shown, wherever they stand: what a vendor puts in them nobody knows.
 */
export function masked(item: Item): string {
  return lines(item, '', false).join('\n');
}

function lines(item: Item, indent: string, secret: boolean): readonly string[] {
  const hidden = secret || SECRET.has(item.tag);
  const name = `${indent}${tagName(item.tag)}`;
  if (item.type !== 'structure') return [`${name} = ${hidden ? mask(item) : shown(item)}`];
  return [name, ...item.value.flatMap((child) => lines(child, `${indent}  `, hidden))];
}

function mask(item: Item): string {
  return `[masked ${item.type}]`;
}

function shown(item: Exclude<Item, { readonly type: 'structure' }>): string {
  if (item.type === 'byteString') return `[${item.value.length} bytes]`;
  if (item.type === 'bigInteger') return mask(item);
  if (item.type === 'textString') return JSON.stringify(item.value);
  return item.type === 'enumeration' ? `0x${item.value.toString(16)}` : String(item.value);
}
