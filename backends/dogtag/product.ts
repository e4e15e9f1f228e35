import { refusal, exceptionOf } from './refusal.ts';
import type { DogtagOptions } from './options.ts';
import type { Rest, RestAnswer } from './rest.ts';

export interface Product {
  readonly version: string;
  /** The version of the REST interface to speak: what stands after `/kra/`. */
  readonly api: 'v2' | 'rest';
}

/** Dogtag 11.6 brought version 2 of the interface, 11.10 calls the first deprecated; 10 has the first only. */
export async function readProduct(rest: Rest, api: DogtagOptions['api']): Promise<Product> {
  if (api !== 'rest') {
    const answer = await ask(rest, 'v2');
    const isMissing = answer.status === 404 && exceptionOf(answer) === undefined;
    if (api === 'v2' || !isMissing) return productIn(rest, answer, 'v2');
  }
  return productIn(rest, await ask(rest, 'rest'), 'rest');
}

const ask = (rest: Rest, api: Product['api']): Promise<RestAnswer> =>
  rest.send({ method: 'GET', path: `/pki/${api}/info` });

function productIn({ place }: Rest, answer: RestAnswer, api: Product['api']): Product {
  const version = answer.json?.['Version'];
  if (answer.status !== 200 || typeof version !== 'string')
    throw refusal(place, 'the question for its version', answer);
  return { version, api };
}
