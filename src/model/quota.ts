import type { QuotaResource } from './target.ts';

/** At most so many; a negative number: no limit. */
export type Quotas = Readonly<Record<QuotaResource, number>>;

/** What is set for a project. Null: not set, the configured default counts. */
export type ProjectQuotas = Readonly<Record<QuotaResource, number | null>>;

/** What a creation is counted among: consumers of secrets and of containers apart, each against the same number. */
export type CountedKind = 'secrets' | 'containers' | 'orders' | 'secret_consumers' | 'container_consumers';
