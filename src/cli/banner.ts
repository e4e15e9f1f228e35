import type { Config } from '../config.ts';
import type { Services } from '../http/services.ts';

/** What `postern serve` says once it listens: where, with what, and a first call that works as printed. */
export function banner(
  config: Config,
  url: string,
  { stores, policy }: Pick<Services, 'stores' | 'policy'>,
): string {
  const { database } = config;
  const where = database.client === 'sqlite3' ? `SQLite, ${database.filename}` : 'PostgreSQL';
  const identities = config.identity.map((provider) => provider.kind).join(', ');
  const lines = [
    '',
    `Postern listens on ${config.listen.public_url ?? url}`,
    `  secrets go to    store "${stores.default.name}" (${stores.default.kind})`,
    `  metadata is in   ${where}`,
    `  callers are      identified by ${identities}`,
    `  policy is        ${policy.mode} mode, revision ${policy.revision}`,
    '',
    ...(config.identity.some((provider) => provider.kind === 'headers')
      ? openExamples(url)
      : keystoneExamples()),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function openExamples(url: string): readonly string[] {
  return [
    'Nobody is authenticated here: use it to look around. Store a secret, and read it back:',
    '',
    `  curl -s ${url}/v1/secrets -H 'X-Project-Id: demo' -H 'Content-Type: application/json' \\`,
    `    -d '{"name": "greeting", "payload": "hello", "payload_content_type": "text/plain"}'`,
    `  curl -s "$(curl -s ${url}/v1/secrets?name=greeting -H 'X-Project-Id: demo' \\`,
    `    | sed 's/.*"secret_ref":"\\([^"]*\\)".*/\\1/')/payload" -H 'X-Project-Id: demo' -H 'Accept: text/plain'`,
    '',
    `  barbican --no-auth --endpoint ${url} --os-project-id demo secret store --name greeting --payload hello`,
    `  barbican --no-auth --endpoint ${url} --os-project-id demo secret list`,
  ];
}

function keystoneExamples(): readonly string[] {
  return [
    'Store a secret, and read it back:',
    '',
    '  openstack secret store --name greeting --payload hello',
    '  openstack secret list --name greeting',
  ];
}
