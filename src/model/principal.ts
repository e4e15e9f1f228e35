/** Who asks. Built by an identity provider, read by the policy; nobody else looks at the roles. */
export interface Principal {
  readonly kind: 'keystone' | 'headers';
  /** The provider's name in the configuration. */
  readonly issuer: string;
  readonly user: NamedEntity & { readonly domain: OptionalEntity };
  /** Null when the credential is not scoped to a project. */
  readonly project:
    (NamedEntity & { readonly domain: OptionalEntity; readonly tags: readonly string[] }) | null;
  readonly domain: NamedEntity | null;
  readonly scope: 'project' | 'domain' | 'system' | 'none';
  /** Sorted, lower case, unique, implied roles already expanded by the directory. */
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly methods: readonly string[];
  readonly token: TokenFacts | null;
  readonly applicationCredential: {
    readonly id: string;
    readonly name: string | null;
    readonly restricted: boolean;
    readonly accessRules: boolean;
  } | null;
  readonly trust: {
    readonly id: string;
    readonly trustorUserId: string;
    readonly trusteeUserId: string;
    readonly impersonation: boolean;
  } | null;
  /** Only on a token that a delegating consumer obtained. */
  readonly oauth1?: { readonly consumerId: string };
  /** Only on a token bound to a client certificate: its SHA-256 thumbprint (RFC 8705). */
  readonly oauth2?: { readonly x5tS256: string };
}

export interface NamedEntity {
  readonly id: string;
  readonly name: string | null;
}

export interface OptionalEntity {
  readonly id: string | null;
  readonly name: string | null;
}

/** Facts about the token, never its text. Times are RFC 3339; ages in seconds. */
export interface TokenFacts {
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly ageSeconds: number;
  /** True only when a service token vouched for it. */
  readonly expired: boolean;
  /** How long ago the directory confirmed it. */
  readonly cachedSeconds: number;
  readonly auditId: string | null;
}

/** A caller, and the service (with a service token of its own) that acts for it, if any. */
export interface Identity {
  readonly principal: Principal;
  readonly service: Principal | null;
}
