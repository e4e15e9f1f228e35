import type { Context } from 'koa';
import type { AuditEvent, AuditTarget } from '../audit/audit.ts';
import type { Identity } from '../model/principal.ts';
import type { Target } from '../model/target.ts';
import type { Decision } from '../policy/engine.ts';
import type { Progress } from './pipeline.ts';
import type { Reply } from './route.ts';

interface Decided {
  readonly action: string;
  readonly target: Target;
  readonly decision: Decision;
}

/** What the audit is told of a request; `decided` once the policy has been asked. */
export function auditEvent(
  { requestId, path, identity }: Pick<Progress, 'requestId' | 'path' | 'identity'>,
  ctx: Context,
  decided?: Decided,
): AuditEvent {
  return {
    requestId,
    action: decided?.action ?? 'none',
    route: path ?? 'none',
    method: ctx.method,
    principal: identity === undefined ? null : auditPrincipal(identity.principal),
    serviceUserId: identity?.service?.user.id ?? null,
    ...auditDecided(decided),
    sourceIp: ctx.req.socket.remoteAddress ?? '',
  };
}

/** The handler knows what the intent could not: the id of what it made, the store that took the payload, who chose it. */
export function withReply(event: AuditEvent, { store, created, placedBy }: Reply): AuditEvent {
  if (store === undefined && created === undefined) return event;
  const { target } = event;
  return {
    ...event,
    ...(placedBy === undefined ? {} : { placedBy }),
    store: store === undefined ? event.store : store,
    target: created === undefined ? target : { ...target, ...created },
  };
}

function auditDecided(decided: Decided | undefined): Pick<AuditEvent, 'target' | 'decision' | 'store'> {
  if (decided === undefined) return { target: auditTarget(undefined), decision: null, store: null };
  const { target, decision } = decided;
  const store = target.type === 'secret' ? target.secret.store : null;
  return { target: auditTarget(target), decision: auditDecision(decision), store };
}

function auditPrincipal({ user, project, issuer, kind }: Identity['principal']): AuditEvent['principal'] {
  return { userId: user.id, projectId: project?.id ?? null, issuer, kind };
}

/** What an action is about, as ids: the audit names nothing that a caller chose to call it. */
function auditTarget(target: Target | undefined): AuditTarget {
  return { type: target?.type ?? 'none', id: null, projectId: null, ...(target && identified(target)) };
}

/** What is about to be created, and a list, has no id yet or none at all. */
function identified(target: Target): Partial<AuditTarget> {
  switch (target.type) {
    case 'secret':
      return owned(target.secret);
    case 'container':
      return owned(target.container);
    case 'order':
      return owned(target.order);
    case 'consumer':
      return { id: target.id, projectId: identified(target.parent).projectId ?? null };
    case 'quota':
    case 'project_store':
      return { projectId: target.projectId };
    case 'secret_store':
    case 'transport_key':
      return { id: target.id };
    default:
      return {};
  }
}

const owned = ({ id, projectId }: { readonly id: string; readonly projectId: string }) => ({ id, projectId });

function auditDecision({ id, allow, reasons, revision }: Decision): AuditEvent['decision'] {
  return { id, allow, reasons: reasons.map((reason) => reason.code), revision };
}
