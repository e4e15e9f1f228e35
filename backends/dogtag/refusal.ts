import {
  Conflict,
  StoreMisconfigured,
  StoreOverloaded,
  StoreRejected,
  StoreUnavailable,
  type BrokerError,
} from '../../src/errors.ts';
import type { RestAnswer } from './rest.ts';

/** Dogtag's own words for "there is none"; a 404 of Tomcat's, without them, is a wrong address. */
const ABSENCE = [
  'KeyNotFoundException',
  'RequestNotFoundException',
  'ResourceNotFoundException',
  'HTTPGoneException',
];

/** The server stumbled over a request; its effect, if it was to have one, may be there. */
export class ServerFault extends StoreUnavailable {}

/** The last part of the Java class of Dogtag's exception, which is its error code; undefined: not Dogtag speaks. */
export function exceptionOf({ json }: RestAnswer): string | undefined {
  const name = json?.['ClassName'];
  return typeof name === 'string' ? /[A-Za-z0-9]{1,80}$/.exec(name)?.[0] : undefined;
}

/** The KRA itself said that it has no such thing. */
export function saysAbsent(answer: RestAnswer): boolean {
  return (answer.status === 404 || answer.status === 410) && ABSENCE.includes(exceptionOf(answer) ?? '');
}

/** An archival or generation it does not do: most often since the client key id has an active key. */
export function saysBadRequest(answer: RestAnswer): boolean {
  return answer.status === 400 && exceptionOf(answer) === 'BadRequestException';
}

/** The error that an answer means, by its status and class; `what` was asked of `place`. */
export function refusal(place: string, what: string, answer: RestAnswer): BrokerError {
  const { status } = answer;
  const exception = exceptionOf(answer);
  const said = (why: string): string =>
    `${place} answered ${what} with ${status}${exception === undefined ? '' : ` ${exception}`}: ${why}`;
  // A KRA that cannot ask its directory knows no users and no groups, and answers in the same way.
  if (status === 401)
    return new StoreMisconfigured(
      said('our certificate (tls.cert) is not that of a user there, or its directory is down'),
    );
  if (status === 403)
    return new StoreMisconfigured(
      said('our user is not in the group "Data Recovery Manager Agents", or its directory is down'),
    );
  if ((status === 404 || status === 410) && exception === undefined)
    return new StoreMisconfigured(
      said('no KRA is at this address, or not with this version of its interface (api)'),
    );
  if (status === 409)
    return new Conflict('The secret store is busy with this secret.', { detail: said('conflict') });
  if (status === 429) return new StoreOverloaded(said('it takes no more'));
  if (status === 500) return new ServerFault(said('see its debug log'));
  if (status > 500) return new StoreUnavailable(said('see its debug log'));
  return new StoreRejected(said('not what we expected'));
}
