const FENCED = /^```[^]*?^```$/gm;

/** Links to files and headings of ours, as written. */
export function linksIn(page: string): readonly string[] {
  const prose = page.replaceAll(FENCED, '').replaceAll(/`[^`\n]*`(?!\])/g, '');
  const targets = [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** Headings as anchors: lower case, without punctuation, with hyphens for spaces. */
export function anchorsIn(page: string): readonly string[] {
  const headings = [...page.replaceAll(FENCED, '').matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What a page runs with npm: `start` and `test` by themselves, anything else after `run`. */
export function npmScriptsIn(page: string): readonly string[] {
  const commands = [...page.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(start|test)\b)/g)];
  return commands.map(([, script, own]) => script ?? own ?? '');
}
