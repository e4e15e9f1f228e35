import type { Identity } from '../model/principal.ts';

/** What a request brings to prove who sent it. Header names are lower case; `path` is as the client sent it. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
}

export interface IdentityProvider {
  /** From the configuration; the policy sees it as `principal.issuer`. */
  readonly name: string;
  /** Value of `WWW-Authenticate` on a 401, if this provider has one. */
  readonly challenge: string | undefined;
  /**
   * `undefined`: not mine, ask the next. A bad credential throws `Unauthenticated`; a directory that does not answer is
   * `IdentityUnavailable` (503), never 401. No provider invents a role.
   */
  identify(credentials: Credentials): Promise<Identity | undefined>;
  close(): Promise<void>;
}
