"""PyKMIP's codec as a filter: a line "request HEX", "response HEX" or "tables" in, one line of JSON out."""

import enum
import json
import sys

from kmip.core import enums, primitives, utils
from kmip.core.messages import messages

read_text = primitives.TextString.read_value


def read_value(self, istream, **version):
    """Written again, text that needs no padding would get eight bytes of it: what was read is not what is kept."""
    read_text(self, istream, **version)
    self.padding_length %= 8


primitives.TextString.read_value = read_value


def again(kind, octets):
    message = {"request": messages.RequestMessage, "response": messages.ResponseMessage}[kind]()
    source = utils.BytearrayStream(octets)
    message.read(source)
    sink = utils.BytearrayStream()
    # The version that the header names, which decides between attributes of 1.x and of 2.x.
    header = message.request_header if kind == "request" else message.response_header
    version = header.protocol_version
    known = getattr(enums.KMIPVersion, "KMIP_%d_%d" % (version.major, version.minor))
    message.write(sink, kmip_version=known)
    return sink.buffer.hex()


def tables():
    found = {}
    for name in dir(enums):
        members = getattr(enums, name)
        if not isinstance(members, type) or not issubclass(members, enum.Enum):
            continue
        found[name] = {member: item.value for member, item in members.__members__.items()}
    return found


def answer(line):
    kind, _, digits = line.partition(" ")
    if kind == "tables":
        return tables()
    try:
        return {"bytes": again(kind, bytes.fromhex(digits))}
    except Exception as error:  # What it refuses, and how, is what is asked.
        return {"refused": "%s: %s" % (type(error).__name__, error)}


for row in sys.stdin:
    print(json.dumps(answer(row.strip()), default=str), flush=True)
