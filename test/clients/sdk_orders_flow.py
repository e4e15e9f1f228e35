"""Orders by openstacksdk."""

import time

from flows import equal, run, unique
from sdk_flow import UNKNOWN_ID, connect, refused

PATIENCE_SECONDS = 40


def placed(manager, kind, **meta):
    made = manager.create_order(type=kind, meta={"name": unique(kind), **meta})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        order = manager.get_order(made.order_id)
        if order.status != "PENDING":
            equal(order.status, "ACTIVE")
            return order
        time.sleep(0.1)
    raise AssertionError(f"{made.order_id} is still pending")


def key():
    manager = connect()
    order = placed(manager, "key", algorithm="aes", bit_length=128, mode="cbc")
    equal((order.type, order.sub_status, order.meta["bit_length"]), ("key", "Unknown", 128))
    found = manager.get_secret(order.secret_id)
    equal((found.name, found.secret_type), (order.meta["name"], "symmetric"))


def pair():
    manager = connect()
    order = placed(manager, "asymmetric", algorithm="rsa", bit_length=2048)
    # It has no word for what such an order makes.
    equal(order.secret_ref, None)
    made = [each for each in manager.containers() if each.name == order.meta["name"]]
    equal([(each.type, len(each.secret_refs)) for each in made], [("rsa", 2)])


def listing():
    manager = connect()
    refs = {placed(manager, "key", algorithm="aes", bit_length=128).order_ref for _ in range(11)}
    equal(refs <= {order.order_ref for order in manager.orders()}, True)


def deletion():
    manager = connect()
    order = placed(manager, "key", algorithm="aes", bit_length=128)
    refused(403, manager.delete_order, order.order_id, ignore_missing=False)
    connect("ADMIN").delete_order(order.order_id, ignore_missing=False)
    refused(404, manager.get_order, order.order_id)
    equal(manager.get_secret(order.secret_id).status, "ACTIVE")


def nothing():
    manager = connect()
    refused(404, manager.get_order, UNKNOWN_ID)
    refused(400, manager.create_order, type="certificate", meta={})
    order = placed(manager, "key", algorithm="aes", bit_length=128)
    refused(404, connect("FOREIGN").get_order, order.order_id)


if __name__ == "__main__":
    run({"key": key, "pair": pair, "listing": listing, "deletion": deletion, "nothing": nothing})
