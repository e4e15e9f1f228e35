import { expect } from 'chai';
import { AuditUnavailable } from '../../src/errors.ts';
import { createAudit, type AuditEvent, type AuditSink } from '../../src/audit/audit.ts';
import { timestamp } from '../../src/model/timestamp.ts';
import { event } from './events.ts';

const clock = () => timestamp('2026-03-01T09:00:00.000001');

interface Taken {
  readonly kind: 'intent' | 'outcome';
  readonly line: string;
  readonly durable: boolean;
}

function listSink(taken: Taken[], refuse = false): AuditSink {
  return {
    name: 'list',
    intent: (line, durable) => {
      if (refuse) return Promise.reject(new AuditUnavailable('The audit is not available.'));
      taken.push({ kind: 'intent', line, durable });
      return Promise.resolve();
    },
    outcome: (line) => taken.push({ kind: 'outcome', line, durable: false }),
    reopen: () => undefined,
    health: () => ({ name: 'list', state: refuse ? 'full' : 'ok', spooledBytes: 0, dropped: 0 }),
    close: () => Promise.resolve(),
  };
}

describe('audit', () => {
  it('writes an intent as one JSON line with exactly the fields of the allow-list', async () => {
    const taken: Taken[] = [];
    await createAudit([listSink(taken)], { clock }).intent(event());
    expect(taken[0]?.line.endsWith('}\n')).to.equal(true);
    expect(JSON.parse(taken[0]?.line ?? '')).to.deep.equal({
      time: '2026-03-01T09:00:00.000001Z',
      kind: 'intent',
      request_id: 'req-1',
      action: 'secret:read_payload',
      route: '/v1/secrets/:id/payload',
      method: 'GET',
      principal: { user_id: 'u-1', project_id: 'p-1', issuer: 'keystone', kind: 'keystone' },
      service_user_id: null,
      target: { type: 'secret', id: 's-1', project_id: 'p-1' },
      source_ip: '127.0.0.1',
      decision: { id: 'd-1', allow: true, reasons: ['secret.project_member'], revision: 'r-1' },
      store: 'software',
    });
  });

  it('adds status and duration to an outcome', () => {
    const taken: Taken[] = [];
    createAudit([listSink(taken)], { clock }).outcome(event(), { status: 404, durationMs: 1.5 });
    expect(JSON.parse(taken[0]?.line ?? '')).to.include({ kind: 'outcome', status: 404, duration_ms: 1.5 });
  });

  it('repeats in an outcome what the intent said, to the letter', async () => {
    const taken: Taken[] = [];
    const audit = createAudit([listSink(taken)], { clock });
    const one = event();
    await audit.intent(one);
    audit.outcome(one, { status: 200, durationMs: 0.5 });
    const [intent, outcome] = taken.map(({ line }) => JSON.parse(line) as Record<string, unknown>);
    expect(outcome).to.deep.equal({ ...intent, kind: 'outcome', status: 200, duration_ms: 0.5 });
  });

  it('accepts a request without principal and without decision', async () => {
    const taken: Taken[] = [];
    await createAudit([listSink(taken)]).intent(event({ principal: null, decision: null, store: null }));
    expect(JSON.parse(taken[0]?.line ?? '')).to.include({ principal: null, decision: null, store: null });
  });

  it('leaves out whatever else an event happens to carry, at every depth', async () => {
    const canary = 'canary-7f3a';
    const stuffed = {
      ...event(),
      payload: canary,
      token: canary,
      headers: { 'x-auth-token': canary },
      principal: { ...event().principal, name: canary, roles: [canary], token: canary },
      target: { ...event().target, name: canary, attributes: { payload: canary } },
      decision: { ...event().decision, obligations: { warn: canary }, filter: canary },
    } as unknown as AuditEvent;
    const taken: Taken[] = [];
    const audit = createAudit([listSink(taken)]);
    await audit.intent(stuffed);
    audit.outcome(stuffed, { status: 200, durationMs: 1, payload: canary } as never);
    expect(taken).to.have.length(2);
    expect(JSON.stringify(taken)).not.to.contain(canary);
  });

  it('keeps one event on one line, whatever a caller puts into an id', async () => {
    const taken: Taken[] = [];
    await createAudit([listSink(taken)]).intent(
      event({
        requestId: 'a\n{"kind":"outcome"}',
        target: { type: 'secret', id: 'x'.repeat(5_000), projectId: null },
      }),
    );
    const line = taken[0]?.line ?? '';
    expect(line.indexOf('\n')).to.equal(line.length - 1);
    expect(line.length).to.be.lessThan(1_000);
  });

  it('gives every sink every line, and durability where it is asked for', async () => {
    const [first, second]: [Taken[], Taken[]] = [[], []];
    const audit = createAudit([listSink(first), listSink(second)], { clock });
    await audit.intent(event());
    await audit.intent(event(), { durable: true });
    audit.outcome(event(), { status: 200, durationMs: 1 });
    expect(first.map(({ kind, durable }) => `${kind} ${durable}`)).to.deep.equal([
      'intent false',
      'intent true',
      'outcome false',
    ]);
    expect(second).to.deep.equal(first);
  });

  it('refuses an intent that one of the sinks refuses', async () => {
    const audit = createAudit([listSink([]), listSink([], true)]);
    const refused = await audit.intent(event()).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(AuditUnavailable);
    expect(audit.health().map(({ state }) => state)).to.deep.equal(['ok', 'full']);
  });
});
