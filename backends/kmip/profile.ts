import { StoreMisconfigured } from '../../src/errors.ts';
import { readDiscoverVersions, readQuery, type ServerAbilities } from '../../src/ttlv/answers.ts';
import type { Operation, ResultReason } from '../../src/ttlv/enums.ts';
import { discoverVersionsRequest, queryRequest } from '../../src/ttlv/requests.ts';
import { VERSIONS, type Version } from '../../src/ttlv/versions.ts';
import { refusedFor } from './refusal.ts';
import type { Wire } from './wire.ts';

/** What a server said of itself, and the version we speak with it. */
export interface Profile extends ServerAbilities {
  readonly version: Version;
}

/** Without these there is no store. */
const NEEDED: readonly Operation[] = ['Register', 'Locate', 'Get', 'Destroy'];

/** `versions`: ours, the best first. Rejects with `StoreMisconfigured` for a server that cannot be a store. */
export async function greet(wire: Wire, place: string, versions: readonly Version[]): Promise<Profile> {
  const version = await agreedVersion(wire, place, versions);
  const abilities = await query(wire, version);
  const missing = NEEDED.filter((operation) => !does(abilities, operation));
  if (missing.length > 0)
    throw new StoreMisconfigured(`${place} cannot be a secret store: it does not know ${missing.join(', ')}`);
  return { ...abilities, version };
}

/** An empty list says nothing: some servers do not answer this part of the question. */
export function does({ operations }: ServerAbilities, operation: Operation): boolean {
  return operations.length === 0 || operations.includes(operation);
}

/** Asked in the oldest of our versions, which the server is likeliest to understand; 1.0 could not ask at all. */
async function agreedVersion(wire: Wire, place: string, ours: readonly Version[]): Promise<Version> {
  const oldest = VERSIONS.find((version) => version !== '1.0' && ours.includes(version)) ?? '1.1';
  const theirs = await discover(wire, place, oldest, ours);
  const agreed = ours.find((version) => theirs.includes(version));
  if (agreed !== undefined) return agreed;
  throw new StoreMisconfigured(
    `${place} speaks none of the KMIP versions ${ours.join(', ')} (option "versions")`,
  );
}

/** Discover Versions came with 1.1: a server that does not know it speaks 1.0. */
async function discover(
  wire: Wire,
  place: string,
  asked: Version,
  ours: readonly Version[],
): Promise<readonly string[]> {
  try {
    return await wire.ask(asked, discoverVersionsRequest(ours), readDiscoverVersions);
  } catch (error) {
    const reason = refusedFor(error);
    if (reason === 'Operation Not Supported') return ['1.0'];
    if (!isOfVersion(reason)) throw error;
    const detail = `${place} does not understand KMIP ${asked}: add older ones to the option "versions"; ${reason}`;
    throw new StoreMisconfigured(detail, { cause: error });
  }
}

/** What servers say to a message of a version that they do not know. */
export const isOfVersion = (
  reason: ResultReason | undefined,
): reason is 'Invalid Message' | 'Unsupported Protocol Version' =>
  reason === 'Invalid Message' || reason === 'Unsupported Protocol Version';

function query(wire: Wire, version: Version): Promise<ServerAbilities> {
  const functions = ['Operations', 'Objects', 'Server Information', 'Application Namespaces'] as const;
  return wire.ask(version, queryRequest(functions), readQuery);
}
