import type { Order } from '../../model/order.ts';
import { nothing, route, type Route } from '../route.ts';
import { CHANGE_ORDERS, CREATE_ORDER, DELETE_ORDER, LIST_ORDERS, SHOW_ORDER } from './contracts.ts';
import { newOrderTarget } from './draft.ts';
import { findOrder, ORDER_MISSING } from './find-order.ts';
import { getOrder, getOrders, parseListOrders, postOrder, putOrders, removeOrder } from './handlers.ts';
import { parseNewOrder } from './schema.ts';

const noObject = (): Promise<undefined> => Promise.resolve(undefined);

const collection = { path: '/v1/orders', answers: 'json', missing: '', find: noObject } as const;
const item = {
  path: '/v1/orders/:id',
  missing: ORDER_MISSING,
  find: findOrder,
  target: (order: Order) => ({ type: 'order', order }) as const,
} as const;

export const orderRoutes: readonly Route[] = [
  route({
    ...collection,
    method: 'get',
    action: 'orders:get',
    operation: 'Order(s) retrieval',
    parse: parseListOrders,
    target: (_found, input) => ({ type: 'collection', query: input?.sent ?? {} }),
    contract: LIST_ORDERS,
    handle: getOrders,
  }),
  route({
    ...collection,
    method: 'post',
    action: 'orders:post',
    operation: 'Order creation',
    reads: 'json',
    parse: parseNewOrder,
    target: (_found, input) => newOrderTarget(input),
    contract: CREATE_ORDER,
    handle: postOrder,
  }),
  route({
    ...collection,
    method: 'put',
    action: 'orders:put',
    operation: 'Order update',
    parse: nothing,
    target: () => ({ type: 'collection', query: {} }),
    contract: CHANGE_ORDERS,
    handle: putOrders,
  }),
  route({
    ...item,
    method: 'get',
    action: 'order:get',
    operation: 'Order retrieval',
    answers: 'json',
    parse: nothing,
    contract: SHOW_ORDER,
    handle: getOrder,
  }),
  route({
    ...item,
    method: 'delete',
    action: 'order:delete',
    operation: 'Order deletion',
    answers: 'any',
    parse: nothing,
    contract: DELETE_ORDER,
    handle: removeOrder,
  }),
];
