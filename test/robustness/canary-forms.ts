import { expect } from 'chai';

/** Base64 characters that any text around the bytes leaves as they are, for each of the three ways to be aligned. */
function base64Cores(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    return encoded.slice(Math.ceil((shift * 8) / 6), -1);
  });
}

/** What bytes look like once they have leaked: as they are, base64 (both alphabets, any alignment), hexadecimal. */
export function leakedForms(bytes: Buffer): readonly string[] {
  const cores = base64Cores(bytes);
  const urlCores = cores.map((core) => core.replaceAll('+', '-').replaceAll('/', '_'));
  const hex = bytes.toString('hex');
  return [...new Set([bytes.toString('latin1'), ...cores, ...urlCores, hex, hex.toUpperCase()])];
}

/** A place where no canary may turn up. */
export interface Place {
  readonly name: string;
  readonly bytes: Buffer;
  /** Something that must be found there, or the search looks in the wrong place. */
  readonly control?: string;
}

export function expectNoLeak(places: readonly Place[], canaries: Readonly<Record<string, Buffer>>): void {
  for (const { name, bytes, control } of places) {
    const text = bytes.toString('latin1');
    if (control !== undefined) expect(text.includes(control), `${name} holds "${control}"`).to.equal(true);
    for (const [canary, secret] of Object.entries(canaries)) {
      const found = leakedForms(secret).find((form) => text.includes(form));
      const around =
        found === undefined ? '' : text.slice(Math.max(0, text.indexOf(found) - 300)).slice(0, 600);
      expect(found, `${canary} leaked into ${name}: ${around}`).to.equal(undefined);
    }
  }
}
