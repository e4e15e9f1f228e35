import { hostname, userInfo } from 'node:os';

/**
 * Who typed the command, for those who read later what was done: `user@host`. Commands run as the service's user, so who became
 * that user counts: POSTERN_OPERATOR (deploy/postern sets it), or SUDO_USER. It is no proof: whoever is that user may say anything.
 */
export function operatorName({ POSTERN_OPERATOR: told, SUDO_USER: caller }: NodeJS.ProcessEnv): string {
  return `${told ?? caller ?? ourName()}@${hostname()}`;
}

function ourName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container a user may have a number and no name.
    return String(process.getuid?.() ?? 'unknown');
  }
}
