import type { ProjectId } from '../../model/ids.ts';
import type { ProjectStoreTarget } from '../../model/target.ts';
import { projectOfPath } from '../project-of-path.ts';
import { nothing, route, type Lookup, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import {
  DELETE_PROJECT_STORE,
  LIST_PROJECT_STORES,
  SET_PROJECT_STORE,
  SHOW_PROJECT_STORE,
} from './contracts.ts';
import {
  getProjectStore,
  getProjectStores,
  parseListProjectStores,
  PROJECT_STORE_MISSING,
  putProjectStore,
  removeProjectStore,
} from './handlers.ts';
import { parseProjectStore } from './schema.ts';

const COLLECTION = '/v1/project-stores';
const OPERATION = 'Project Stores';

const projectStore = (projectId: ProjectId, asked?: string): ProjectStoreTarget => ({
  type: 'project_store',
  projectId,
  asked: asked ?? null,
});

const item = {
  path: `${COLLECTION}/:project`,
  operation: OPERATION,
  answers: 'json',
  missing: PROJECT_STORE_MISSING,
  find: (_services: Services, lookup: Lookup): Promise<ProjectId> => projectOfPath(lookup),
} as const;

export const projectStoreRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: COLLECTION,
    action: 'postern:project_stores:get',
    operation: OPERATION,
    answers: 'json',
    missing: '',
    find: () => Promise.resolve(undefined),
    parse: parseListProjectStores,
    target: (_found, input) => ({ type: 'collection', query: input?.sent ?? {} }),
    contract: LIST_PROJECT_STORES,
    handle: getProjectStores,
  }),
  route({
    ...item,
    method: 'get',
    action: 'postern:project_stores:get',
    parse: nothing,
    target: (projectId) => projectStore(projectId),
    contract: SHOW_PROJECT_STORE,
    handle: getProjectStore,
  }),
  route({
    ...item,
    method: 'put',
    action: 'postern:project_stores:put',
    reads: 'json',
    parse: parseProjectStore,
    target: projectStore,
    contract: SET_PROJECT_STORE,
    handle: putProjectStore,
  }),
  route({
    ...item,
    method: 'delete',
    action: 'postern:project_stores:delete',
    parse: nothing,
    target: (projectId) => projectStore(projectId),
    contract: DELETE_PROJECT_STORE,
    handle: removeProjectStore,
  }),
];
