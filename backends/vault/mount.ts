import { z } from 'zod';
import { StoreMisconfigured } from '../../src/errors.ts';
import { expected, isRefusal, statusFailure } from './answers.ts';
import type { VaultOptions } from './options.ts';
import type { Authorised } from './requests.ts';

export interface Mount {
  /**
   * That the engine at our mount is KV of the version we speak, and that our policy is enough. Resolves without asking
   * if that was so less than `withinMs` ago. Throws what a caller would get.
   *
   * The paths of one version lead into nothing in the other, which answers them with "nothing there" and "deleted".
   */
  confirm(withinMs?: number): Promise<void>;
}

type MountOptions = Pick<VaultOptions, 'name' | 'mount' | 'kv_version' | 'prefix'>;

interface MountDeps {
  readonly options: MountOptions;
  readonly send: Authorised;
  /** Monotonic milliseconds. */
  readonly clockMs: () => number;
}

export function createMount({ options, send, clockMs }: MountDeps): Mount {
  let confirmedMs = -Infinity;
  return {
    confirm: async (withinMs = 0) => {
      if (clockMs() - confirmedMs < withinMs) return;
      const askedMs = clockMs();
      if (options.kv_version === 1 || !(await hasSettingsOf2(options, send)))
        await requireVersion(options, send);
      await requirePolicy(options, send);
      confirmedMs = askedMs;
    },
  };
}

const settings = z.object({ data: z.object({ max_versions: z.int(), delete_version_after: z.string() }) });

/** Only version 2 has them. False: perhaps our policy does not let us look. */
async function hasSettingsOf2({ name, mount }: MountOptions, send: Authorised): Promise<boolean> {
  const answer = await send({ method: 'GET', path: `${mount}/config` });
  if (answer.status !== 200) {
    if (answer.status === 404 || isRefusal(answer)) return false;
    throw statusFailure(name, `a read of ${mount}/config`, answer);
  }
  const { data } = expected(settings, answer, name, `a read of ${mount}/config`);
  if (/[1-9]/.test(data.delete_version_after)) {
    throw new StoreMisconfigured(
      `store "${name}": the mount ${mount} deletes entries by itself after ${data.delete_version_after}: set ` +
        'delete_version_after to 0s',
    );
  }
  return true;
}

const described = z.object({
  data: z.object({
    path: z.string(),
    type: z.string(),
    options: z.object({ version: z.string().optional() }).nullable(),
  }),
});

/** Asked of an interface without a promise of being kept, so only where the documented one said nothing. */
async function requireVersion({ name, mount, kv_version }: MountOptions, send: Authorised): Promise<void> {
  const answer = await send({ method: 'GET', path: `sys/internal/ui/mounts/${mount}` });
  if (isRefusal(answer)) {
    throw new StoreMisconfigured(
      `store "${name}": there is no mount ${mount}, or the policy of our token grants nothing in it (${answer.status})`,
    );
  }
  if (answer.status !== 200) throw statusFailure(name, `a question about the mount ${mount}`, answer);
  const { data } = expected(described, answer, name, `a question about the mount ${mount}`);
  if (data.path !== `${mount}/`) throw new StoreMisconfigured(`store "${name}": there is no mount ${mount}`);
  const found =
    data.type === 'kv' || data.type === 'generic' ? Number(data.options?.version ?? 1) : undefined;
  if (found === kv_version) return;
  const is = found === undefined ? `an engine of type ${data.type}` : `KV version ${found}`;
  throw new StoreMisconfigured(
    `store "${name}": the mount ${mount} is ${is}, and kv_version is ${kv_version}: correct one of them`,
  );
}

const granted = z.object({ data: z.record(z.string(), z.unknown()) });
const capabilities = z.array(z.string());

/** Below a place where no secret ever is; a rule for one project alone would not do. */
const ANY_PLACE = 'any/place';

/** What the policy must grant, told at the start and not by the first request of its kind. */
async function requirePolicy(options: MountOptions, send: Authorised): Promise<void> {
  const { name } = options;
  const needed = needs(options);
  const body = Buffer.from(JSON.stringify({ paths: Object.keys(needed).map((rule) => rule + ANY_PLACE) }));
  const answer = await send({ method: 'POST', path: 'sys/capabilities-self', body });
  // The default policy lets every token ask; without it the requests themselves will tell.
  if (answer.status === 404 || isRefusal(answer)) return;
  if (answer.status !== 200) throw statusFailure(name, 'a question about our policy', answer);
  const { data } = expected(granted, answer, name, 'a question about our policy');
  for (const [rule, wanted] of Object.entries(needed)) {
    const has = capabilities.safeParse(data[rule + ANY_PLACE]).data ?? wanted;
    const missing = has.includes('root') ? [] : wanted.filter((one) => !has.includes(one));
    if (missing.length === 0) continue;
    throw new StoreMisconfigured(
      `store "${name}": the policy of our token lacks ${missing.join(', ')} on "${rule}*"`,
    );
  }
}

function needs({ mount, prefix, kv_version }: MountOptions): Readonly<Record<string, readonly string[]>> {
  if (kv_version === 1) return { [`${mount}/${prefix}/`]: ['create', 'read', 'delete'] };
  return {
    [`${mount}/data/${prefix}/`]: ['create', 'read'],
    [`${mount}/metadata/${prefix}/`]: ['read', 'delete'],
  };
}
