import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer } from '../helpers/app.ts';
import { broker, JSON_TYPE, sqlite } from './wire.ts';

const table = (reason: string): string =>
  `<HTML><BODY><TABLE><TR><TD>${reason}</TD></TR></TABLE></BODY></HTML>`;
const json = (reason: string): string => JSON.stringify({ detailed: false, reasons: [reason] });
const same = (reason: string): string => reason;

/** The method and Accept, and the type and body of the answer, with the reason it gives. */
const FORMS: readonly [
  method: string,
  accept: string | undefined,
  type: RegExp,
  body: (reason: string) => string,
][] = [
  ['GET', undefined, /^text\/plain; charset=UTF-8$/, same],
  ['GET', 'text/plain', /^text\/plain; charset=UTF-8$/, same],
  ['GET', '*/*', /^text\/plain; charset=UTF-8$/, same],
  ['GET', 'image/png', /^text\/plain; charset=UTF-8$/, same],
  ['GET', 'application/json', /^application\/json$/, json],
  ['GET', 'text/html', /^text\/html; charset=UTF-8$/, table],
  ['GET', 'text/html,application/xhtml+xml,*/*;q=0.8', /^text\/html; charset=UTF-8$/, table],
  ['POST', undefined, /^text\/plain; charset=UTF-8$/, same],
  ['PUT', 'application/json', /^application\/json$/, json],
  ['DELETE', undefined, /^text\/plain; charset=UTF-8$/, same],
  ['OPTIONS', undefined, /^text\/plain; charset=UTF-8$/, same],
];

describe('the health check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
  const file = join(folder, 'disabled');
  const app = broker(sqlite(), {
    healthcheck: { disable_file: file },
    cors: { allowed_origins: ['https://ui.example'] },
  });
  after(() => rmSync(folder, { recursive: true }));
  const probe = (method: string, accept?: string, path = '/healthcheck'): Promise<Answer> =>
    app().request(method, path, {
      headers: {
        'X-Project-Id': '',
        'OpenStack-API-Version': 'key-manager 9.9',
        Origin: 'https://ui.example',
        ...(accept === undefined ? {} : { Accept: accept }),
      },
    });

  for (const [reason, status, emptyStatus] of [
    ['OK', 200, 204],
    ['DISABLED BY FILE', 503, 503],
  ] as const) {
    describe(reason, () => {
      before(() => (reason === 'OK' ? rmSync(file, { force: true }) : writeFileSync(file, '')));

      for (const [method, accept, type, body] of FORMS) {
        it(`${method}, Accept ${accept ?? 'absent'}`, async () => {
          expect(existsSync(file)).to.equal(reason !== 'OK');
          const answer = await probe(method, accept);
          expect(answer.status).to.equal(status);
          expect(answer.text).to.equal(body(reason));
          expect(answer.headers['content-type']).to.match(type);
          expectNoApiHeaders(answer);
        });
      }

      it('HEAD', async () => {
        for (const accept of [undefined, 'application/json', 'text/html']) {
          const answer = await probe('HEAD', accept);
          expect(answer.status).to.equal(emptyStatus);
          expect(answer.bytes.length).to.equal(0);
          expectNoApiHeaders(answer);
        }
      });

      it('at any spelling of its path', async () => {
        for (const path of ['/healthcheck/', '//healthcheck', '/healthcheck?detailed=true']) {
          expect((await probe('GET', undefined, path)).text).to.equal(reason);
        }
      });
    });
  }

  it('does not answer for its neighbours', async () => {
    for (const path of ['/healthchecks', '/Healthcheck', '/v1/healthcheck']) {
      expect((await app().request('GET', path)).status).to.equal(404);
    }
  });

  it('leaves JSON without charset', async () => {
    expect((await probe('GET', 'application/json')).headers['content-type']).to.equal(JSON_TYPE);
  });
});

function expectNoApiHeaders(answer: Answer): void {
  const absent = ['x-openstack-request-id', 'openstack-api-version', 'vary', 'access-control-allow-origin'];
  expect(answer.headers).not.to.have.any.keys(...absent);
}
