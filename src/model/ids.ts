/** Ids are text in the form the client or Keystone gave; branding keeps a project id out of a secret's place. */
export type SecretId = string & { readonly brand: 'SecretId' };
export type ProjectId = string & { readonly brand: 'ProjectId' };
export type ContainerId = string & { readonly brand: 'ContainerId' };
export type OrderId = string & { readonly brand: 'OrderId' };
export type KekId = string & { readonly brand: 'KekId' };

export const secretId = (text: string): SecretId => text as SecretId;
export const projectId = (text: string): ProjectId => text as ProjectId;
export const containerId = (text: string): ContainerId => text as ContainerId;
export const orderId = (text: string): OrderId => text as OrderId;
export const kekId = (text: string): KekId => text as KekId;

const CANONICAL_UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The one spelling of a random UUID (RFC 9562 section 4) that the API accepts in a path: lower case, dashed. */
export function isCanonicalUuid4(text: string): boolean {
  return CANONICAL_UUID4.test(text);
}
