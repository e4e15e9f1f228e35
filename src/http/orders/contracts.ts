import { ORDER_TYPES } from '../../model/order.ts';
import { exactly, page, PAGE_QUERY, REF, TEXT, TIME, type Contract } from '../contract.ts';
import { NEW_SECRET_SCHEMA } from '../secrets/schema.ts';
import { NEW_ORDER_SCHEMA } from './schema.ts';

/** Whatever else a client puts into it is kept. */
const META = { type: 'object', required: ['name', 'expiration', 'algorithm', 'bit_length'] } as const;

const ORDER = {
  title: 'Order',
  ...exactly(
    {
      created: TIME,
      updated: TIME,
      status: { enum: ['PENDING', 'ACTIVE', 'ERROR'] },
      type: { enum: ORDER_TYPES },
      meta: META,
      order_ref: REF,
    },
    {
      creator_id: TEXT,
      secret_ref: REF,
      container_ref: REF,
      sub_status: TEXT,
      sub_status_message: TEXT,
      error_status_code: { type: 'string', maxLength: 16 },
      error_reason: { type: 'string', maxLength: 255 },
    },
  ),
} as const;

const { name, algorithm, mode, bit_length, expiration, payload_content_type } = NEW_SECRET_SCHEMA.properties;
const NEW_META = {
  type: 'object',
  properties: {
    name,
    algorithm,
    mode,
    bit_length: { ...bit_length, multipleOf: 8 },
    expiration,
    payload_content_type,
    passphrase: { description: 'Of an asymmetric order: locks the private key. Never shown again.' },
  },
  required: ['algorithm', 'bit_length'],
} as const;

export const LIST_ORDERS: Contract = {
  summary: "The project's orders",
  query: { ...PAGE_QUERY, meta: 'A whole text that occurs in `meta`.' },
  answers: { 200: page('orders', ORDER) },
};
export const CREATE_ORDER: Contract = {
  summary: 'Have a key, or a pair of keys, generated and stored',
  body: {
    title: 'NewOrder',
    ...NEW_ORDER_SCHEMA,
    properties: { ...NEW_ORDER_SCHEMA.properties, meta: NEW_META },
  },
  answers: { 202: exactly({ order_ref: REF }) },
};
export const CHANGE_ORDERS: Contract = {
  summary: 'Refused: orders cannot be changed',
  answers: {},
};
export const SHOW_ORDER: Contract = {
  summary: 'An order: whether it is done, and what it made or why it made nothing',
  answers: { 200: ORDER },
};
export const DELETE_ORDER: Contract = {
  summary: 'Delete an order; what it made stays',
  answers: { 204: null },
};
