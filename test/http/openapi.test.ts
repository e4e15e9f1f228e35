import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import { ROUTES } from '../../src/http/app.ts';
import { DESCRIPTION, disagreement } from '../helpers/contract.ts';
import { broker } from './wire.ts';

describe('GET /openapi.json', () => {
  const app = broker();

  it('is told to anyone, with the address it was asked at', async () => {
    const { status, json, headers } = await app().request('GET', '/openapi.json', {
      headers: { 'X-Project-Id': '' },
    });
    expect(status).to.equal(200);
    expect(headers['content-type']).to.equal('application/json');
    expect(json).to.deep.include({ openapi: '3.1.1', servers: [{ url: app().url }] });
  });

  it('is valid OpenAPI 3.1', async () => {
    const { json } = await app().request('GET', '/openapi.json');
    const { valid, errors } = await new Validator().validate(json as Record<string, unknown>);
    expect(valid, JSON.stringify(errors)).to.equal(true);
  });

  it('names every operation once', () => {
    const ids = Object.values(DESCRIPTION.paths).flatMap((path) =>
      Object.values(path).map((operation) => (operation as { operationId?: string }).operationId),
    );
    expect(new Set(ids).size).to.equal(ids.length);
  });

  for (const { method, path, contract, action } of ROUTES) {
    if (method !== '*') {
      it(`describes ${method} ${path} (${action})`, () => {
        expect(contract).to.not.equal(undefined);
      });
    }
  }
});

/** The tests of the API rest on this check: it must find what is wrong. */
describe('what an answer is checked for', () => {
  const secret = {
    created: '2026-01-01T00:00:00',
    updated: '2026-01-01T00:00:00.000001',
    status: 'ACTIVE',
    name: null,
    secret_type: 'opaque',
    expiration: null,
    algorithm: null,
    bit_length: null,
    mode: null,
    creator_id: 'u',
    secret_ref: 'http://a/v1/secrets/1',
  };
  const shown = {
    method: 'GET',
    path: '/v1/secrets/1',
    status: 200,
    answerType: 'application/json',
    request: undefined,
  };
  const create = { method: 'POST', path: '/v1/secrets/', status: 201, answerType: 'application/json' };
  const answer = { secret_ref: 'http://a/v1/secrets/1' };
  const CASES: readonly [
    what: string,
    exchange: Parameters<typeof disagreement>[0],
    wrong: RegExp | undefined,
  ][] = [
    ['a secret', { ...shown, answer: secret }, undefined],
    ['one more member', { ...shown, answer: { ...secret, more: 1 } }, /additional properties/],
    ['one member less', { ...shown, answer: { ...secret, mode: undefined } }, /required property 'mode'/],
    ['a time with a zone', { ...shown, answer: { ...secret, created: '2026-01-01T00:00:00Z' } }, /pattern/],
    ['a status that is not described', { ...shown, status: 202, answer: secret }, /202 is not described/],
    [
      'a body where none belongs',
      { ...shown, method: 'DELETE', status: 204, answer: null },
      /a body of type/,
    ],
    [
      'an error',
      { ...shown, status: 404, answer: { code: 404, title: 'Not Found', description: null } },
      undefined,
    ],
    [
      'an error without a title',
      { ...shown, status: 404, answer: { code: 404, description: null } },
      /title/,
    ],
    ['a page', { ...shown, path: '/v1/secrets?limit=1', answer: { secrets: [secret], total: 1 } }, undefined],
    ['a page without a total', { ...shown, path: '/v1/secrets', answer: { secrets: [] } }, /total/],
    ['a request', { ...create, request: { name: ' n ' }, answer }, undefined],
    ['a request it should have refused', { ...create, request: { name: 5 }, answer }, /the request/],
    ['what nothing is said of', { ...shown, path: '/v1/nothing', answer: 5 }, undefined],
  ];
  for (const [what, exchange, wrong] of CASES) {
    it(what, () => {
      const found = disagreement(exchange);
      if (wrong === undefined) expect(found).to.equal(undefined);
      else expect(found).to.match(wrong);
    });
  }
});
