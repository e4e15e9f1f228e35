import { expect } from 'chai';
import type { Persona, TestApp } from '../helpers/app.ts';

/** Who manages everybody's quotas. */
export const SERVICE_ADMIN: Persona = {
  user: 'u-service-admin',
  project: 'p-operators',
  roles: ['key-manager:service-admin'],
};

export const reached = (operation: string): string =>
  `${operation} issue seen - Creation not allowed because a quota has been reached.`;

export async function setQuota(app: TestApp, as: Persona, quotas: object): Promise<void> {
  const path = `/v1/project-quotas/${as.project}`;
  const answer = await app.request('PUT', path, { as: SERVICE_ADMIN, body: { project_quotas: quotas } });
  expect(answer.status, answer.text).to.equal(204);
}
