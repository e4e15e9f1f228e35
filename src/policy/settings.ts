import { ConfigurationError } from '../errors.ts';

type Document = Readonly<Record<string, unknown>>;

/** What `data.settings` may hold; a misspelt switch would leave the default in force without a word. */
const SETTINGS: Readonly<Record<string, (value: unknown) => boolean>> = {
  mode: (value) => value === 'legacy' || value === 'secure',
  acl_endpoint_blind: (value) => typeof value === 'boolean',
  conceal: (value) => typeof value === 'boolean',
};

/** Packages of rules: data of the same name would stand where a rule is expected, or hide one. */
const RULE_ROOTS = ['postern', 'site'];

/** As `policies/lib/settings.rego` has it: what an untouched original runs. */
const DEFAULT_MODE = 'legacy';

/** The operator's data over the bundle's: objects are merged, anything else replaces. */
export function mergeData(bundled: Document, operator: Document): Document {
  const merged = merge(bundled, operator);
  for (const root of RULE_ROOTS) {
    if (Object.hasOwn(merged, root))
      throw new ConfigurationError(`policy data: ${root} is a package of rules`);
  }
  checkSettings(merged['settings'] ?? {});
  return merged;
}

export function modeOf(data: Document): string {
  const settings = data['settings'];
  const mode = isDocument(settings) ? settings['mode'] : undefined;
  return typeof mode === 'string' ? mode : DEFAULT_MODE;
}

function checkSettings(settings: unknown): void {
  if (!isDocument(settings)) throw new ConfigurationError('policy data: settings is not an object');
  for (const [name, value] of Object.entries(settings)) {
    if (!Object.hasOwn(SETTINGS, name))
      throw new ConfigurationError(`policy data: no setting is called ${name}`);
    if (!SETTINGS[name]?.(value))
      throw new ConfigurationError(`policy data: settings.${name} has a wrong value`);
  }
}

/** `fromEntries` defines own members, so that a key called `__proto__` is nothing but a key. */
function merge(below: Document, above: Document): Document {
  const members = new Map(Object.entries(below));
  for (const [key, value] of Object.entries(above)) {
    const old = members.get(key);
    members.set(key, isDocument(old) && isDocument(value) ? merge(old, value) : value);
  }
  return Object.fromEntries(members);
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
