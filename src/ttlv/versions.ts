import { integer, type Item, structure } from './item.ts';
import { need } from './readers.ts';
import { TAG } from './tags.ts';

/** Of the protocol, oldest first. */
export const VERSIONS = ['1.0', '1.1', '1.2', '1.3', '1.4', '2.0', '2.1'] as const;
export type Version = (typeof VERSIONS)[number];

/** 2.0 did away with templates: attributes became items of their own. */
export const hasTypedAttributes = (version: Version): boolean => isAtLeast(version, '2.0');

export function isAtLeast(version: Version, other: Version): boolean {
  return VERSIONS.indexOf(version) >= VERSIONS.indexOf(other);
}

export function versionItem(version: Version): Item {
  const [major, minor] = parts(version);
  return structure(TAG['Protocol Version'], [
    integer(TAG['Protocol Version Major'], major),
    integer(TAG['Protocol Version Minor'], minor),
  ]);
}

/** `major.minor`, which may be one that we do not know. */
export function readVersion(item: Item): string {
  const major = need(item, TAG['Protocol Version Major'], 'integer').value;
  const minor = need(item, TAG['Protocol Version Minor'], 'integer').value;
  return `${major}.${minor}`;
}

/** Undefined for a version that we do not speak. */
export function knownVersion(text: string): Version | undefined {
  return VERSIONS.find((version) => version === text);
}

/** Whether a version, known or not, came after one of ours. */
export function isNewer(text: string, than: Version): boolean {
  const [major, minor] = parts(text);
  const [ourMajor, ourMinor] = parts(than);
  return major > ourMajor || (major === ourMajor && minor > ourMinor);
}

function parts(version: string): readonly [major: number, minor: number] {
  const dot = version.indexOf('.');
  return [Number(version.slice(0, dot)), Number(version.slice(dot + 1))];
}
