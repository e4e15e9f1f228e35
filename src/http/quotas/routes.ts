import type { ProjectId } from '../../model/ids.ts';
import type { QuotaTarget } from '../../model/target.ts';
import { nothing, route, type Lookup, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import {
  DELETE_PROJECT_QUOTAS,
  LIST_PROJECT_QUOTAS,
  SET_PROJECT_QUOTAS,
  SHOW_PROJECT_QUOTAS,
  SHOW_QUOTAS,
} from './contracts.ts';
import {
  getAllProjectQuotas,
  getEffectiveQuotas,
  getProjectQuotas,
  parseListQuotas,
  putProjectQuotas,
  QUOTAS_MISSING,
  removeProjectQuotas,
} from './handlers.ts';
import { projectOfPath } from '../project-of-path.ts';
import { parseQuotaChange, type QuotaChange } from './schema.ts';

const quotaTarget = (projectId: ProjectId, asked?: QuotaChange): QuotaTarget => ({
  type: 'quota',
  projectId,
  asked: asked ?? null,
});

const item = {
  path: '/v1/project-quotas/:project',
  operation: 'Project Quotas',
  answers: 'json',
  missing: QUOTAS_MISSING,
  find: (_services: Services, lookup: Lookup): Promise<ProjectId> => projectOfPath(lookup),
} as const;

export const quotaRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/quotas',
    action: 'quotas:get',
    operation: 'Quotas',
    answers: 'json',
    missing: '',
    find: (_services, { projectId }) => Promise.resolve(projectId),
    parse: nothing,
    target: (projectId) => quotaTarget(projectId),
    contract: SHOW_QUOTAS,
    handle: getEffectiveQuotas,
  }),
  route({
    method: 'get',
    path: '/v1/project-quotas',
    action: 'project_quotas:get',
    operation: 'Project Quotas',
    answers: 'json',
    missing: '',
    find: () => Promise.resolve(undefined),
    parse: parseListQuotas,
    target: (_found, input) => ({ type: 'collection', query: input?.sent ?? {} }),
    contract: LIST_PROJECT_QUOTAS,
    handle: getAllProjectQuotas,
  }),
  route({
    ...item,
    method: 'get',
    action: 'project_quotas:get',
    parse: nothing,
    target: (projectId) => quotaTarget(projectId),
    contract: SHOW_PROJECT_QUOTAS,
    handle: getProjectQuotas,
  }),
  route({
    ...item,
    method: 'put',
    action: 'project_quotas:put',
    reads: 'json',
    parse: parseQuotaChange,
    target: quotaTarget,
    contract: SET_PROJECT_QUOTAS,
    handle: putProjectQuotas,
  }),
  route({
    ...item,
    method: 'delete',
    action: 'project_quotas:delete',
    parse: nothing,
    target: (projectId) => quotaTarget(projectId),
    contract: DELETE_PROJECT_QUOTAS,
    handle: removeProjectQuotas,
  }),
];
