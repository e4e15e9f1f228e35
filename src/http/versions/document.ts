import { LATEST, presentMicroversion, type Microversion } from '../microversion.ts';

type Json = Readonly<Record<string, unknown>>;

const links = (base: string): readonly Json[] => [
  { rel: 'self', href: `${base}/v1/` },
  { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
];

/** The entry for version 1: two shapes, because clients read the older one to mean "1.0 only". */
function version(base: string, asked: Microversion, highest: Microversion): Json {
  if (asked === 0) {
    const mediaType = { base: 'application/json', type: 'application/vnd.openstack.key-manager-v1+json' };
    return { id: 'v1', status: 'stable', links: links(base), 'media-types': [mediaType] };
  }
  const max = presentMicroversion(highest);
  return { id: 'v1', status: 'CURRENT', min_version: '1.0', max_version: max, links: links(base) };
}

/** `GET /` */
export function versionList(base: string, asked: Microversion, highest: Microversion = LATEST): Json {
  const entry = version(base, asked, highest);
  return { versions: asked === 0 ? { values: [entry] } : [entry] };
}

/** `GET /v1` */
export function versionDetail(base: string, asked: Microversion, highest: Microversion = LATEST): Json {
  return { version: version(base, asked, highest) };
}
