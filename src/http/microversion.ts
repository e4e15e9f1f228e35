import type { BrokerError } from '../errors.ts';
import { BadRequest, NotAcceptable } from '../errors.ts';

/** A minor version of API 1; `1.0` is 0. */
export type Microversion = 0 | 1 | 2;
export const LATEST: Microversion = 2;

export const presentMicroversion = (version: Microversion): string => `1.${version}`;

const SERVICE = 'key-manager';

/**
 * The version a request asks for in `OpenStack-API-Version: key-manager X.Y`; a list may name other services, the last
 * entry of ours counts. Throws `BadRequest` for what is no version and `NotAcceptable` for one out of range.
 */
export function negotiateMicroversion(header: string | undefined, highest: Microversion): Microversion {
  const asked = lastEntry(header ?? '');
  if (asked === undefined) return 0;
  if (asked === 'latest') return highest;
  const parts = /^(\d+)\.(\d+)$/.exec(asked);
  if (parts === null) throw invalid(asked);
  const [major, minor] = [Number(parts[1]), Number(parts[2])];
  if (major !== 1 || minor > highest) throw unacceptable(asked);
  return minor as Microversion;
}

function lastEntry(header: string): string | undefined {
  let found: string | undefined;
  for (const entry of header.split(',')) {
    const [service, version] = entry.trim().split(/\s+/);
    if (service?.toLowerCase() === SERVICE && version !== undefined) found = version;
  }
  return found;
}

function invalid(asked: string): BrokerError {
  return new BadRequest(`Invalid microversion: invalid version string: ${asked}`);
}

function unacceptable(asked: string): BrokerError {
  return new NotAcceptable(`Invalid microversion: Unacceptable version header: ${asked}`);
}
