import type { AuditEvent } from '../../src/audit/audit.ts';

export function event(changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    requestId: 'req-1',
    action: 'secret:read_payload',
    route: '/v1/secrets/:id/payload',
    method: 'GET',
    principal: { userId: 'u-1', projectId: 'p-1', issuer: 'keystone', kind: 'keystone' },
    serviceUserId: null,
    target: { type: 'secret', id: 's-1', projectId: 'p-1' },
    sourceIp: '127.0.0.1',
    decision: { id: 'd-1', allow: true, reasons: ['secret.project_member'], revision: 'r-1' },
    store: 'software',
    ...changes,
  };
}
