import { expect } from 'chai';
import { BrokerError } from '../../src/errors.ts';
import type { Identity, Principal } from '../../src/model/principal.ts';
import type { Credentials, IdentityProvider } from '../../src/identity/provider.ts';

/** A provider and credentials for it. The good one belongs to a user `u-1` of a project `P` with two roles. */
export interface IdentityFixture {
  readonly provider: IdentityProvider;
  readonly name: string;
  readonly good: Credentials;
  /** Credentials that this provider must refuse, each by a broker error of status 400 or 401. */
  readonly bad: Readonly<Record<string, Credentials>>;
  /** Carries nothing that this provider looks for; absent for a provider that takes every request as its own. */
  readonly foreign?: Credentials;
  stop(): Promise<void>;
}

/** What every identity provider owes the pipeline. */
export function conformsAsIdentityProvider(start: () => Promise<IdentityFixture>): void {
  describe('as an identity provider', () => {
    let fixture: IdentityFixture;
    before(async () => {
      fixture = await start();
    });
    after(() => fixture.stop());

    const identified = async (credentials: Credentials): Promise<Identity> => {
      const identity = await fixture.provider.identify(credentials);
      if (identity === undefined) throw new Error('the credential was not recognised');
      return identity;
    };

    it('bears the name from the configuration and signs principals with it', async () => {
      const { principal } = await identified(fixture.good);
      expect(fixture.provider.name).to.equal(fixture.name);
      expect(principal.issuer).to.equal(fixture.name);
    });

    it('names the user and the project', async () => {
      const { principal, service } = await identified(fixture.good);
      expect(principal.user.id).to.equal('u-1');
      expect(principal.project?.id).to.equal('P');
      expect(principal.scope).to.equal('project');
      expect(service).to.equal(null);
    });

    it('gives roles lower-cased, sorted and unique', async () => {
      const { principal } = await identified(fixture.good);
      expect(principal.roles).to.deep.equal(['member', 'reader']);
    });

    it('fills every field: null is a fact, a missing field is a mistake', async () => {
      const { principal } = await identified(fixture.good);
      for (const field of FIELDS)
        expect(principal, field).to.have.property(field).that.is.not.equal(undefined);
    });

    it('answers the same credential alike twice', async () => {
      expect(await identified(fixture.good)).to.deep.equal(await identified(fixture.good));
    });

    it('leaves a credential of another kind to the next provider', async () => {
      if (fixture.foreign === undefined) expect(fixture.provider.challenge).to.equal(undefined);
      else expect(await fixture.provider.identify(fixture.foreign)).to.equal(undefined);
    });

    it('refuses what is bad, as the client’s mistake', async () => {
      for (const [what, credentials] of Object.entries(fixture.bad)) {
        const outcome = await fixture.provider.identify(credentials).catch((error: unknown) => error);
        expect(outcome, what).to.be.instanceOf(BrokerError);
        expect((outcome as BrokerError).status, what).to.be.oneOf([400, 401]);
      }
    });
  });
}

const FIELDS: readonly (keyof Principal)[] = [
  'kind',
  'issuer',
  'user',
  'project',
  'domain',
  'scope',
  'roles',
  'groups',
  'methods',
  'token',
  'applicationCredential',
  'trust',
];
