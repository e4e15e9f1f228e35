import type { Reply } from './route.ts';

/** Leaves fields out of a presented object and of the items of a presented list. Left out, never blanked. */
export function redacted(reply: Reply, fields: readonly string[] | undefined): Reply {
  if (
    fields === undefined ||
    fields.length === 0 ||
    reply.body === undefined ||
    Buffer.isBuffer(reply.body)
  ) {
    return reply;
  }
  return { ...reply, body: without(reply.body, new Set(fields)) };
}

function without(body: unknown, fields: ReadonlySet<string>): unknown {
  if (Array.isArray(body)) return body.map((item) => without(item, fields));
  if (typeof body !== 'object' || body === null) return body;
  if (fields.has('*')) return {};
  const kept = Object.entries(body).filter(([name]) => !fields.has(name));
  return Object.fromEntries(
    kept.map(([name, member]) => [
      name,
      typeof member === 'object' ? without(member, inner(name, fields)) : member,
    ]),
  );
}

/** `metadata.owner` names the member `owner` of `metadata`; `metadata.*` all of them, which is `metadata` left empty. */
function inner(name: string, fields: ReadonlySet<string>): ReadonlySet<string> {
  const prefix = `${name}.`;
  const own = [...fields]
    .filter((field) => field.startsWith(prefix))
    .map((field) => field.slice(prefix.length));
  return own.length === 0 ? fields : new Set([...fields, ...own]);
}
