import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const FUNCTIONS_SHOWN = 30;
const MICROSECONDS_PER_SECOND = 1e6;

/** The innermost frame that belongs to a part pays for all it calls of Node's own. */
const PARTS: readonly (readonly [string, RegExp])[] = [
  ['policy: evaluate', /dist\/src\/policy\/(?!input)|opa-wasm|wasm:/],
  ['policy: build the input', /dist\/src\/policy\/input/],
  ['audit', /dist\/src\/(audit|http\/audit-event)/],
  ['knex', /node_modules\/(knex|tarn)\//],
  ['pg', /node_modules\/pg/],
  ['seal and open', /dist\/(src\/crypto|backends)\//],
  ['identity', /dist\/src\/identity\//],
  ['router', /node_modules\/(@koa\/router|path-to-regexp)\//],
  ['repositories', /dist\/src\/repositories\//],
  ['http', /dist\/src\/(http|operations|model)\//],
  ['koa', /node_modules\//],
  ['node: http and sockets', /^node:(_http|net|internal\/(http|stream|streams)|events)/],
];

/** Where the time went, by part and by function, from the profile that Node left in the folder. */
export function profileReport(folder: string): string {
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('Node left no profile');
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
  );
  const partOf = (id: number): string => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const url = frames.get(at)?.url ?? '';
      const part = PARTS.find(([, pattern]) => pattern.test(url));
      if (part !== undefined) return part[0];
    }
    return `node: ${frames.get(id)?.functionName ?? 'unknown'}`;
  };
  const frameOf = (id: number): string => placeOf(frames.get(id) as CallFrame);
  return [
    'by part:',
    ...shares(profile, memoised(partOf), PARTS.length + 4),
    'by function alone:',
    ...shares(profile, memoised(frameOf), FUNCTIONS_SHOWN),
  ].join('\n');
}

function shares(
  { samples, timeDeltas }: CpuProfile,
  nameOf: (id: number) => string,
  shown: number,
): readonly string[] {
  const times = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = nameOf(id);
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  });
  for (const idle of ['(idle)', 'node: (idle)']) times.delete(idle);
  const busy = [...times.values()].reduce((sum, time) => sum + time, 0);
  const lines = [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([name, time]) => `${((100 * time) / busy).toFixed(1).padStart(5)} %  ${name}`);
  return [`  busy ${(busy / MICROSECONDS_PER_SECOND).toFixed(1)} s`, ...lines];
}

function memoised<Key, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}

function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const short = url.replace(/^.*\/(?=dist\/|node_modules\/)/, '');
  return `${name}  ${short}:${lineNumber + 1}`;
}
