/** Aborted at SIGINT or SIGTERM: what is under way is finished. A second signal ends the process at once. */
export function interruption(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => asked.abort(signal));
  return asked.signal;
}
