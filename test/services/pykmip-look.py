"""How many objects of this name a KMIP server has, as PyKMIP's own client sees them.

  pykmip-look.py TLS-FOLDER PORT NAME
"""

import sys

from kmip.core import enums
from kmip.core.attributes import Name
from kmip.core.factories.attributes import AttributeFactory
from kmip.pie.client import ProxyKmipClient

folder, port, name = sys.argv[1:4]
client = ProxyKmipClient(
    hostname="127.0.0.1",
    port=int(port),
    cert=f"{folder}/client.pem",
    key=f"{folder}/client.key",
    ca=f"{folder}/ca.pem",
)
wanted = Name.create(name, enums.NameType.UNINTERPRETED_TEXT_STRING)
attribute = AttributeFactory().create_attribute(enums.AttributeType.NAME, wanted)
with client:
    print(len(client.locate(attributes=[attribute])))
