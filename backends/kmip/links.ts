import type { SecretId } from '../../src/model/ids.ts';
import type { Credential } from '../../src/ttlv/credentials.ts';
import type { Request } from '../../src/ttlv/messages.ts';
import { openConnection, type Connection } from './connection.ts';
import type { TlsIdentity } from './identity.ts';
import { serversOf, type KmipOptions, type Server } from './options.ts';
import type { Poolable } from './pool.ts';
import { greet, type Profile } from './profile.ts';
import { createWire, type Read, type Wire, type WireOptions } from './wire.ts';

/** A connection to a server whose abilities are known. */
export interface Link extends Poolable {
  readonly profile: Profile;
  /** The server and the store, for errors. */
  readonly place: string;
  /** As `Wire.ask`, in the version agreed upon. */
  ask<T>(request: Request, read: Read<T>, timeoutMs?: number): Promise<T>;
  /**
   * Whose objects are, by their identifiers, as far as it was seen on this connection. A server that was restored from a
   * backup gives identifiers out anew, which it cannot do under an open connection.
   */
  readonly known: Map<string, SecretId>;
  /** Forms of objects whose bytes were seen to come back from this server as they were. */
  readonly proven: Set<string>;
  /** `host:port`. */
  readonly address: string;
  /** When the server's certificate expires, in milliseconds since 1970; undefined where it shows none. */
  readonly peerUntilMs: number | undefined;
}

export interface Links {
  /** To the first server, in the configured order, that lets us. Rejects with why the first did not. */
  open(): Promise<Link>;
  /** The next connection asks the servers again which versions they speak. */
  forget(): void;
}

/** A server that did not answer is asked last for so long; then the order of the configuration counts again. */
const ASIDE_MS = 30_000;

export function createLinks(options: KmipOptions, identity: TlsIdentity, clockMs: () => number): Links {
  const servers = serversOf(options);
  const profiles = new Map<Server, Profile>();
  const asideUntil = new Map<Server, number>();
  const openTo = async (server: Server): Promise<Link> => {
    const place = placeOf(server, options.name);
    const connection = await openConnection({
      server,
      identity,
      place,
      connectMs: options.timeouts.connect * 1_000,
      maxMessageBytes: options.max_message,
    });
    const wire = createWire(connection, wireOptions(options, place));
    try {
      const profile = profiles.get(server) ?? (await greet(wire, place, options.versions));
      profiles.set(server, profile);
      return createLink({ connection, wire, profile, place, address: addressOf(server) });
    } catch (error) {
      connection.close();
      throw error;
    }
  };
  const isAside = (server: Server): boolean => (asideUntil.get(server) ?? 0) > clockMs();
  return {
    forget: () => profiles.clear(),
    open: async () => {
      const errors: unknown[] = [];
      const inTurn = [...servers.filter((one) => !isAside(one)), ...servers.filter(isAside)];
      for (const server of inTurn) {
        try {
          return await openTo(server);
        } catch (error) {
          asideUntil.set(server, clockMs() + ASIDE_MS);
          errors.push(error);
        }
      }
      throw errors[0];
    },
  };
}

const addressOf = ({ host, port }: Server): string => `${host}:${port}`;
const placeOf = (server: Server, name: string): string =>
  `the KMIP server ${addressOf(server)} of store "${name}"`;

const wireOptions = (options: KmipOptions, place: string): WireOptions => ({
  store: options.name,
  place,
  requestMs: options.timeouts.request * 1_000,
  maxMessageBytes: options.max_message,
  credential: credentialOf(options),
});

function credentialOf({ credential }: KmipOptions): Credential | undefined {
  if (credential === undefined) return undefined;
  const { username, password } = credential;
  return { type: 'Username and Password', username, ...(password === undefined ? {} : { password }) };
}

interface LinkParts {
  readonly connection: Connection;
  readonly wire: Wire;
  readonly profile: Profile;
  readonly place: string;
  readonly address: string;
}

function createLink({ connection, wire, profile, place, address }: LinkParts): Link {
  return {
    profile,
    place,
    address,
    known: new Map(),
    proven: new Set(),
    peerUntilMs: connection.peerUntilMs,
    ask: (request, read, timeoutMs) => wire.ask(profile.version, request, read, timeoutMs),
    isOpen: () => connection.isOpen(),
    onEnd: (listener) => connection.onEnd(listener),
    close: () => connection.close(),
  };
}
