"""PyKMIP's own server, for many objects: `pykmip-server` with the same arguments and the same answers.

As it comes, a Locate loads every object there is and filters them in Python: a third of a second for each thousand. Here a
Locate by name loads the objects of that name by an index, and PyKMIP's own filter and access control run over those.
Its database does not wait for the disk: a test server has to survive being killed, not a power cut.
"""

import sqlalchemy
from kmip.pie.sqltypes import ManagedObjectName
from kmip.services.server import server
from kmip.services.server.engine import KmipEngine

all_objects = KmipEngine._list_objects_with_access_controls
locate = KmipEngine._process_locate
create_engine = KmipEngine.__init__


def named(attributes):
    """The names that all objects found must have."""
    return [
        attribute.attribute_value.name_value.value
        for attribute in attributes
        if attribute.attribute_name.value == "Name"
    ]


class Found:
    """Stands for the session while PyKMIP asks it for all objects: gives those of one name."""

    def __init__(self, session, name):
        self.session = session
        self.name = name

    def query(self, kind):
        uids = sqlalchemy.select(ManagedObjectName.mo_uid).where(ManagedObjectName.name == self.name)
        return self.session.query(kind).filter(kind.unique_identifier.in_(uids))


# One request at a time: PyKMIP holds its lock around each.
def locate_by_name(self, payload):
    self.wanted = named(payload.attributes)
    return locate(self, payload)


def objects_of_name(self, operation):
    if not self.wanted:
        return all_objects(self, operation)
    session = self._data_session
    self._data_session = Found(session, self.wanted[0])
    try:
        return all_objects(self, operation)
    finally:
        self._data_session = session


def create_with_indexes(self, *args, **kwargs):
    create_engine(self, *args, **kwargs)
    with self._data_store.begin() as connection:
        for column in ("name", "mo_uid"):
            connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS by_{column} ON managed_object_names ({column})")


@sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "connect")
def without_the_disk(connection, _record):
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")


KmipEngine._process_locate = locate_by_name
KmipEngine._list_objects_with_access_controls = objects_of_name
KmipEngine.__init__ = create_with_indexes

if __name__ == "__main__":
    server.main()
