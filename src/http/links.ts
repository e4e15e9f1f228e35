import type { IncomingMessage } from 'node:http';

export interface LinkOptions {
  /** What links begin with, whatever the request says; null: worked out from the request. */
  readonly publicUrl: string | null;
  /** Believe `Forwarded` (RFC 7239) and `X-Forwarded-*` beyond the scheme. Only behind a proxy that sets them. */
  readonly trustProxy: boolean;
}

/** What every link in an answer begins with: no trailing slash, no `/v1`. */
export function linkBase(request: IncomingMessage, options: LinkOptions): string {
  if (options.publicUrl !== null) return options.publicUrl.replace(/\/+$/, '');
  const header = (name: string): string | undefined => firstValue(request.headers[name]);
  const forwarded = options.trustProxy ? forwardedElement(header('forwarded')) : {};
  const scheme = schemeOf(request, header('x-forwarded-proto') ?? forwarded['proto']);
  const forwardedHost = options.trustProxy ? forwarded['host'] || header('x-forwarded-host') : undefined;
  const host = forwardedHost ?? header('host') ?? localAddress(request);
  const prefix = options.trustProxy ? (header('x-forwarded-prefix') ?? '').replace(/\/+$/, '') : '';
  return `${scheme}://${host}${prefix}`;
}

/** Of a comma-separated header the first element is the client's side. */
function firstValue(value: string | string[] | undefined): string | undefined {
  const text = (Array.isArray(value) ? value[0] : value)?.split(',')[0]?.trim();
  return text === '' ? undefined : text;
}

function forwardedElement(value: string | undefined): Readonly<Record<string, string | undefined>> {
  const pairs = (value ?? '').split(';').map((pair) => pair.split('='));
  return Object.fromEntries(
    pairs.map(([name = '', ...rest]) => [
      name.trim().toLowerCase(),
      rest.join('=').trim().replaceAll('"', ''),
    ]),
  );
}

function schemeOf(request: IncomingMessage, forwarded: string | undefined): string {
  const scheme = forwarded?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return scheme;
  return 'encrypted' in request.socket ? 'https' : 'http';
}

function localAddress(request: IncomingMessage): string {
  const { localAddress: address = 'localhost', localPort } = request.socket;
  return `${address.includes(':') ? `[${address}]` : address}:${localPort}`;
}
