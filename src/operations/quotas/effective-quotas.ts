import type { ProjectId } from '../../model/ids.ts';
import type { Quotas } from '../../model/quota.ts';
import { QUOTA_RESOURCES } from '../../model/target.ts';
import type { QuotaRepository } from '../../repositories/quotas.ts';

export interface EffectiveQuotaDeps {
  readonly quotas: QuotaRepository;
  readonly defaultQuotas: Quotas;
}

/** What counts for a project: its own numbers, the defaults where it has none. */
export async function effectiveQuotas(
  { quotas, defaultQuotas }: EffectiveQuotaDeps,
  project: ProjectId,
): Promise<Quotas> {
  const own = await quotas.find(project);
  const entries = QUOTA_RESOURCES.map((name) => [name, own?.[name] ?? defaultQuotas[name]] as const);
  return Object.fromEntries(entries) as Quotas;
}
