import { readMatrix, type MatrixRow } from '../helpers/matrix.ts';

/** Of each generation's personas: the seeded users who are that persona by what Keystone says of them. */
export type Personas = Readonly<Record<string, readonly string[]>>;

const PERSONAS: Readonly<Record<string, Personas>> = {
  legacy: {
    owner: ['creator-a'],
    peer: ['creator2-a'],
    admin: ['admin-a'],
    viewer: ['observer-a'],
    auditor: ['audit-a'],
    'service-admin': ['service-admin-a'],
    // The other generation's roles mean nothing here.
    nobody: ['nobody-a', 'member-a', 'reader-a'],
    'foreign-admin': ['admin-b'],
    'foreign-writer': ['creator-b'],
  },
  // Keystone expands implied roles, so the row of an admin without them ("bare-admin") has no user.
  secure: {
    owner: ['member-a'],
    peer: ['member2-a'],
    admin: ['admin-a'],
    viewer: ['reader-a'],
    nobody: ['nobody-a', 'creator-a', 'observer-a', 'audit-a', 'service-admin-a'],
    'foreign-admin': ['admin-b'],
    'foreign-writer': ['member-b'],
  },
};

export interface PolicyCase {
  readonly row: MatrixRow;
  readonly user: string;
}

/** Who creates the secrets that a generation's rows are about. */
export const ownerOf = (mode: string): string => PERSONAS[mode]?.['owner']?.[0] ?? '';

/** The rows on secrets and their metadata that need no access control list, once for each user they speak of. */
export function policyCases(mode: string): readonly PolicyCase[] {
  const personas = PERSONAS[mode] ?? {};
  return readMatrix()
    .filter((row) => row.tier === 'core' && row.mode === mode && /^secrets?(_meta)?:/.test(row.rule))
    .filter((row) => row.acl === 'none' || row.acl === 'n/a')
    .flatMap((row) => (personas[row.persona] ?? []).map((user) => ({ row, user })));
}
