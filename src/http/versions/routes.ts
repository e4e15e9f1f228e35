import { exactly } from '../contract.ts';
import { nothing, route, type Route } from '../route.ts';
import { versionDetail } from './document.ts';

/** Not in the original's rules: there any project's token will do, and so says our default policy. */
export const versionRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1',
    action: 'postern:version',
    operation: 'Version retrieval',
    answers: 'json',
    missing: '',
    find: () => Promise.resolve(undefined),
    parse: nothing,
    target: () => ({ type: 'none' }),
    contract: {
      summary: 'The version of the API and the microversions it speaks',
      answers: { 200: exactly({ version: { type: 'object' } }) },
    },
    handle: (services, { base, microversion }) =>
      Promise.resolve({ status: 200, body: versionDetail(base, microversion, services.maxMicroversion) }),
  }),
];
