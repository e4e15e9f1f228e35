import { ConfigurationError } from '../errors.ts';
import { readDecision } from './decision.ts';
import { policyInput } from './input.ts';

const ACTION = 'postern:self_test';

/** A policy that allows what nobody knows to a caller who has nothing, or gives no decision at all, is not fit to serve. */
export function selfTest(evaluate: (input: ArrayBufferLike) => unknown): void {
  const results = evaluate(new TextEncoder().encode(JSON.stringify(selfTestInput())).buffer);
  const { allow, reasons } = readDecision(results, ACTION, '', '');
  if (allow) throw new ConfigurationError('policy bundle: it allows an action that nobody knows');
  const fault = reasons.find(
    ({ code }) => code === 'deny.policy_shape' || code === 'deny.unknown_obligation',
  );
  if (fault === undefined) return;
  throw new ConfigurationError(`policy bundle: its answer is no decision (${fault.detail ?? fault.code})`);
}

function selfTestInput() {
  return policyInput({
    action: ACTION,
    identity: {
      principal: {
        kind: 'headers',
        issuer: 'self-test',
        user: { id: 'self-test', name: null, domain: { id: null, name: null } },
        project: null,
        domain: null,
        scope: 'none',
        roles: [],
        groups: [],
        methods: [],
        token: null,
        applicationCredential: null,
        trust: null,
      },
      service: null,
    },
    target: { type: 'none' },
    request: {
      id: 'self-test',
      method: 'GET',
      path: '/',
      route: '/',
      microversion: null,
      sourceIp: '127.0.0.1',
      userAgent: null,
    },
    environment: { stores: {}, preferredStore: null },
    nowMs: 0,
  });
}
