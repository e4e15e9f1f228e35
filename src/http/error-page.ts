import type { Context } from 'koa';
import type { ErrorBody } from '../errors.ts';
import { preferred } from './accept.ts';
import { sendJson } from './reply.ts';

const FORMS = ['text/html', 'text/plain', 'application/json'];

/** Errors outside `/v1` are pages of the web framework there: text without Accept, HTML for browsers, JSON if asked for. */
export function sendErrorPage(ctx: Context, body: ErrorBody): void {
  const accept = ctx.get('accept');
  const form = accept === '' ? 'text/plain' : (preferred(accept, FORMS) ?? 'text/plain');
  const title = `${body.code} ${body.title}`;
  const text = body.description ?? '';
  if (form === 'application/json') return sendJson(ctx, body);
  ctx.body = form === 'text/plain' ? `${title}\n\n${text}\n` : htmlPage(title, text);
  ctx.set('Content-Type', `${form}; charset=UTF-8`);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

function htmlPage(title: string, text: string): string {
  return `<html><head><title>${title}</title></head><body><h1>${title}</h1>${escaped(text)}</body></html>\n`;
}
