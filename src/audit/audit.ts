import type { PlacedBy } from '../model/placement.ts';
import { now, type Clock, type Timestamp } from '../model/timestamp.ts';

/** Who asked: ids only. Names and roles stay in the directory. */
export interface AuditPrincipal {
  readonly userId: string;
  readonly projectId: string | null;
  /** The identity provider's name in the configuration. */
  readonly issuer: string;
  readonly kind: string;
}

export interface AuditTarget {
  readonly type: string;
  readonly id: string | null;
  readonly projectId: string | null;
}

export interface AuditDecision {
  readonly id: string;
  readonly allow: boolean;
  /** Stable codes. Their details may quote metadata, so they stay out. */
  readonly reasons: readonly string[];
  readonly revision: string;
}

/** What a request is about to do. Has no place for payloads, tokens, header values or names of secrets. */
export interface AuditEvent {
  readonly requestId: string;
  readonly action: string;
  /** The template (`/v1/secrets/:id`), never the path as sent. */
  readonly route: string;
  readonly method: string;
  readonly principal: AuditPrincipal | null;
  /** The service that acted for the principal, if any. */
  readonly serviceUserId: string | null;
  readonly target: AuditTarget;
  readonly sourceIp: string;
  readonly decision: AuditDecision | null;
  /** The store that holds, or is to hold, the payload. */
  readonly store: string | null;
  /** Who chose it, where a new payload was placed. */
  readonly placedBy?: PlacedBy;
}

/** What came of it. */
export interface AuditOutcome {
  readonly status: number;
  readonly durationMs: number;
}

/** `failing`: lines wait in memory for the far end. `full`: no line fits any more, so intents are refused. */
export type SinkState = 'ok' | 'failing' | 'full';

export interface SinkHealth {
  readonly name: string;
  readonly state: SinkState;
  readonly spooledBytes: number;
  /** Outcomes that fitted nowhere; a `dropped` line will say how many. */
  readonly dropped: number;
}

/** Where lines go. Keeps their order; a line it accepted is written once, however often the far end fails. */
export interface AuditSink {
  readonly name: string;
  /**
   * Resolves once the line is written (`durable`: on the disk), or spooled while the far end fails. A durable line that
   * could not be written, and any line past the spool's bound, is `AuditUnavailable`.
   */
  intent(line: string, durable: boolean): Promise<void>;
  /** Never waits and never fails: the effect has happened. */
  outcome(line: string): void;
  /** The file was renamed by a log rotation: go on in a new one. */
  reopen(): void;
  health(): SinkHealth;
  /** Writes what is left. Twice is fine. */
  close(): Promise<void>;
}

export interface Audit {
  /** Before the effect: when this throws (`AuditUnavailable`), nothing may happen. `durable` waits for the disk. */
  intent(event: AuditEvent, options?: { readonly durable?: boolean }): Promise<void>;
  /** After the effect, whatever came of it. */
  outcome(event: AuditEvent, outcome: AuditOutcome): void;
  reopen(): void;
  health(): readonly SinkHealth[];
  close(): Promise<void>;
}

export interface AuditOptions {
  readonly clock?: Clock;
}

/** Every sink gets every line; an intent stands only when all of them have taken it. */
export function createAudit(sinks: readonly AuditSink[], options: AuditOptions = {}): Audit {
  const clock = options.clock ?? now;
  return {
    intent: async (event, { durable = false } = {}) => {
      const line = encodeLine(clock(), 'intent', event);
      await Promise.all(sinks.map((sink) => sink.intent(line, durable)));
    },
    outcome: (event, { status, durationMs }) => {
      const line = encodeLine(clock(), 'outcome', event, { status, duration_ms: durationMs });
      for (const sink of sinks) sink.outcome(line);
    },
    reopen: () => {
      for (const sink of sinks) sink.reopen();
    },
    health: () => sinks.map((sink) => sink.health()),
    close: async () => {
      await Promise.all(sinks.map((sink) => sink.close()));
    },
  };
}

function encodeLine(
  time: Timestamp,
  kind: 'intent' | 'outcome',
  event: AuditEvent,
  outcome: Readonly<Record<string, number>> = {},
): string {
  const result = Object.entries(outcome).map(([name, number]) => `,"${name}":${number}`);
  return `{"time":"${time}Z","kind":"${kind}",${encodeEvent(event)}${result.join('')}}\n`;
}

/** An outcome repeats its intent: the same event is written out once. */
const encoded = new WeakMap<AuditEvent, string>();

/** The members of the line, without braces. The allow-list: a field reaches the audit only by being named here. */
function encodeEvent(event: AuditEvent): string {
  const known = encoded.get(event);
  if (known !== undefined) return known;
  const { principal, target, decision } = event;
  const fields = {
    request_id: clip(event.requestId),
    action: event.action,
    route: event.route,
    method: event.method,
    principal: principal && presentPrincipal(principal),
    service_user_id: event.serviceUserId && clip(event.serviceUserId),
    target: {
      type: target.type,
      id: target.id && clip(target.id),
      project_id: target.projectId && clip(target.projectId),
    },
    source_ip: event.sourceIp,
    decision: decision && presentDecision(decision),
    store: event.store,
    placed_by: event.placedBy,
  };
  const members = JSON.stringify(fields).slice(1, -1);
  encoded.set(event, members);
  return members;
}

function presentPrincipal(principal: AuditPrincipal): Readonly<Record<string, string | null>> {
  return {
    user_id: clip(principal.userId),
    project_id: principal.projectId && clip(principal.projectId),
    issuer: principal.issuer,
    kind: principal.kind,
  };
}

function presentDecision({ id, allow, reasons, revision }: AuditDecision): AuditDecision {
  return { id, allow, reasons, revision };
}

/** Ids that callers choose must not fill the spool. Keystone's are 64 characters at most. */
const MAX_ID_CHARACTERS = 255;

function clip(text: string): string {
  return text.length > MAX_ID_CHARACTERS ? `${text.slice(0, MAX_ID_CHARACTERS)}…` : text;
}
