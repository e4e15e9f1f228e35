import { NAME_TYPE, OBJECT_TYPE, type ObjectType } from './enums.ts';
import { enumeration, integer, type Item, structure, type Structure, type Tag, text } from './item.ts';
import { CRYPTOGRAPHIC_ALGORITHM, type CryptographicAlgorithm, USAGE, type Usage } from './key-enums.ts';
import { all, children, find, need, tagName } from './readers.ts';
import { codeOf } from './table.ts';
import { TAG } from './tags.ts';
import { hasTypedAttributes, type Version } from './versions.ts';

/**
 * An attribute is an item under its own tag, whatever the version: that is what 2.x sends. 1.x sends its name as text, and
 * its value under a tag that is the same for all (KMIP 1.4 section 2.1.1); `attributeItems` and `readAttributes` translate.
 */
export type Attribute = Item;

/** Bits; 0 where a server wants the mask and the object has no use. */
export function usageMask(usages: readonly Usage[]): Attribute {
  const mask = usages.reduce((bits, usage) => bits | USAGE[usage], 0);
  return integer(TAG['Cryptographic Usage Mask'], mask);
}

export function algorithm(name: CryptographicAlgorithm): Attribute {
  return enumeration(TAG['Cryptographic Algorithm'], CRYPTOGRAPHIC_ALGORITHM[name]);
}

/** In bits, and effective ones: 168 for three DES keys. */
export function keyLength(bits: number): Attribute {
  return integer(TAG['Cryptographic Length'], bits);
}

export function objectType(type: ObjectType): Attribute {
  return enumeration(TAG['Object Type'], OBJECT_TYPE[type]);
}

export function objectName(name: string): Attribute {
  return structure(TAG.Name, [
    text(TAG['Name Value'], name),
    enumeration(TAG['Name Type'], NAME_TYPE['Uninterpreted Text String']),
  ]);
}

export function objectGroup(group: string): Attribute {
  return text(TAG['Object Group'], group);
}

export function applicationData(namespace: string, data: string): Attribute {
  return structure(TAG['Application Specific Information'], [
    text(TAG['Application Namespace'], namespace),
    text(TAG['Application Data'], data),
  ]);
}

/** A client's own attribute: `x-` before its name in 1.x, vendor `x` in 2.x. */
export function customAttribute(name: string, value: Item): Attribute {
  return vendorAttribute('x', name, value);
}

function vendorAttribute(vendor: string, name: string, value: Item): Attribute {
  return structure(TAG.Attribute, [
    text(TAG['Vendor Identification'], vendor),
    text(TAG['Attribute Name'], name),
    retag(value, TAG['Attribute Value']),
  ]);
}

/** As they stand in a payload without a wrapper (Locate): one by one in 1.x, in one structure in 2.x. */
export function attributeItems(version: Version, attributes: readonly Attribute[]): readonly Item[] {
  return hasTypedAttributes(version)
    ? [structure(TAG.Attributes, attributes)]
    : attributes.map((attribute) => named(attribute));
}

/** In the structure that goes before an object: Template-Attribute in 1.x, Attributes in 2.x, or as `tags` have it. */
export function attributeSet(
  version: Version,
  attributes: readonly Attribute[],
  tags: AttributeSetTags = OF_ONE_OBJECT,
): Structure {
  return hasTypedAttributes(version)
    ? structure(tags.typed, attributes)
    : structure(
        tags.template,
        attributes.map((attribute) => named(attribute)),
      );
}

interface AttributeSetTags {
  readonly template: Tag;
  readonly typed: Tag;
}
const OF_ONE_OBJECT: AttributeSetTags = { template: TAG['Template-Attribute'], typed: TAG.Attributes };
export const OF_BOTH_KEYS: AttributeSetTags = {
  template: TAG['Common Template-Attribute'],
  typed: TAG['Common Attributes'],
};
export const OF_PRIVATE_KEY: AttributeSetTags = {
  template: TAG['Private Key Template-Attribute'],
  typed: TAG['Private Key Attributes'],
};
export const OF_PUBLIC_KEY: AttributeSetTags = {
  template: TAG['Public Key Template-Attribute'],
  typed: TAG['Public Key Attributes'],
};

function named(attribute: Attribute): Item {
  if (attribute.tag === TAG.Attribute) return namedCustom(attribute);
  return structure(TAG.Attribute, [
    text(TAG['Attribute Name'], tagName(attribute.tag)),
    retag(attribute, TAG['Attribute Value']),
  ]);
}

function namedCustom(attribute: Attribute): Item {
  const vendor = need(attribute, TAG['Vendor Identification'], 'textString').value;
  const name = need(attribute, TAG['Attribute Name'], 'textString').value;
  const value = all(attribute, TAG['Attribute Value']);
  return structure(TAG.Attribute, [text(TAG['Attribute Name'], `${vendor}-${name}`), ...value]);
}

/** The attributes in a payload, of either form. What 1.x names and the standard does not is left as it came. */
export function readAttributes(payload: Item): Structure {
  const typed = all(payload, TAG.Attributes).flatMap(children);
  return structure(TAG.Attributes, [...typed, ...all(payload, TAG.Attribute).map(typedOf)]);
}

function typedOf(attribute: Item): Attribute {
  const name = need(attribute, TAG['Attribute Name'], 'textString').value;
  const value = find(attribute, TAG['Attribute Value']);
  if (value === undefined) return attribute;
  const tag = codeOf(TAG, name);
  if (tag !== undefined) return retag(value, tag);
  const custom = /^([xy])-(.+)$/s.exec(name);
  return custom === null ? attribute : vendorAttribute(custom[1] ?? '', custom[2] ?? '', value);
}

function retag(item: Item, tag: Tag): Item {
  return { ...item, tag };
}
