import { type Item, type ItemOf, type ItemType, type Tag, TtlvError } from './item.ts';
import { nameOf } from './table.ts';
import { TAG } from './tags.ts';

/** For messages: a name where the standard has one. */
export function tagName(tag: Tag): string {
  return nameOf(TAG, tag) ?? `tag ${tag.toString(16).padStart(6, '0')}`;
}

/** The items within; none in what is no structure. */
export function children(item: Item): readonly Item[] {
  return item.type === 'structure' ? item.value : [];
}

/** The first child of this tag, whatever its type. */
export function find(item: Item, tag: Tag): Item | undefined {
  return children(item).find((child) => child.tag === tag);
}

/** Every child of this tag, in order. */
export function all(item: Item, tag: Tag): readonly Item[] {
  return children(item).filter((child) => child.tag === tag);
}

/** The child of this tag, if there is one. Two of them, or one of another type, is a `TtlvError`. */
export function optional<T extends ItemType>(item: Item, tag: Tag, type: T): ItemOf<T> | undefined {
  const [found, second] = all(item, tag);
  if (second !== undefined) throw new TtlvError(`${tagName(item.tag)} has ${tagName(tag)} twice`);
  return found === undefined ? undefined : typed(found, type);
}

/** The child of this tag. None, two, or one of another type is a `TtlvError`. */
export function need<T extends ItemType>(item: Item, tag: Tag, type: T): ItemOf<T> {
  const found = optional(item, tag, type);
  if (found === undefined) throw new TtlvError(`${tagName(item.tag)} has no ${tagName(tag)}`);
  return found;
}

/** The item itself, if it is of this type; else `TtlvError`. */
export function typed<T extends ItemType>(item: Item, type: T): ItemOf<T> {
  if (!isOf(item, type)) throw new TtlvError(`${tagName(item.tag)} is not of type ${type}`);
  return item;
}

/** Order is significant (KMIP 1.4 section 9.1): those of `tags` that are there must come in this order. */
export function inOrder(item: Item, tags: readonly Tag[]): void {
  const places = children(item)
    .map((child) => tags.indexOf(child.tag))
    .filter((place) => place !== -1);
  if (places.some((place, at) => place < (places[at - 1] ?? 0)))
    throw new TtlvError(`${tagName(item.tag)} has its items in another order`);
}

function isOf<T extends ItemType>(item: Item, type: T): item is Item & ItemOf<T> {
  return item.type === type;
}
