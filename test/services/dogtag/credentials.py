"""Certificates for the tests, by the REST interface alone, as an operator would make the broker's.

    credentials.py URL FOLDER

FOLDER holds ca.crt, admin.crt and admin.key. Written beside them, each as NAME.crt and NAME.key:
    agent     of this CA; agent of the KRA and of the CA, and nothing more
    outsider  of this CA, a user of the KRA, but no agent
    unmapped  of this CA, but of no user
    expired   of this CA; ended an hour ago
    foreign   of no CA that the server knows
"""

import datetime
import http.client
import json
import os
import ssl
import subprocess
import sys
import urllib.parse

GROUPS = {"kra": "Data Recovery Manager Agents", "ca": "Certificate Manager Agents"}
DATE = "%Y-%m-%d %H:%M:%S"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"


class Dogtag:
    """One connection and one session per subsystem: a nonce is good in the session that asked for it."""

    def __init__(self, url, folder):
        address = urllib.parse.urlsplit(url)
        context = ssl.create_default_context(cafile=f"{folder}/ca.crt")
        context.load_cert_chain(f"{folder}/admin.crt", f"{folder}/admin.key")
        self.connection = http.client.HTTPSConnection(address.hostname, address.port, context=context, timeout=60)
        self.sessions = {}
        for subsystem in GROUPS:
            self.call("GET", f"/{subsystem}/rest/account/login")

    def call(self, method, path, body=None, also=()):
        subsystem = path.split("/")[1]
        headers = {"Accept": "application/json"}
        if subsystem in self.sessions:
            headers["Cookie"] = self.sessions[subsystem]
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body, separators=(",", ":"))
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        if response.getheader("Set-Cookie"):
            self.sessions[subsystem] = response.getheader("Set-Cookie").split(";")[0]
        if response.status >= 300 and response.status not in also:
            sys.exit(f"{method} {path}: {response.status} {text[:500]}")
        return json.loads(text) if text.startswith(("{", "[")) else None


def write(path, text, mode=0o644):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout


def new_key(folder, name):
    write(f"{folder}/{name}.key", openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"), 0o600)
    return f"{folder}/{name}.key"


def attributes(review):
    for policies in review["ProfilePolicySet"]:
        for policy in policies["policies"]:
            yield from policy["def"]["policyAttribute"]


def issue(dogtag, folder, name, changes):
    """Enrolled as anybody would, then approved with our changes."""
    key = new_key(folder, name)
    request = openssl("req", "-new", "-key", key, "-subj", f"/O=EXAMPLE/CN=postern {name}")
    fields = {"cert_request_type": "pkcs10", "cert_request": request}
    values = [{"name": field, "Value": value} for field, value in fields.items()]
    enrollment = {
        "ProfileID": "caServerCert",
        "Renewal": False,
        "Input": [{"id": "i1", "ClassID": "certReqInputImpl", "Attribute": values}],
    }
    url = dogtag.call("POST", "/ca/rest/certrequests", enrollment)["entries"][0]["requestURL"]
    number = url.rsplit("/", 1)[1]
    review = dogtag.call("GET", f"/ca/rest/agent/certrequests/{number}")
    for attribute in attributes(review):
        attribute["Value"] = changes.get(attribute["name"], attribute["Value"])
    dogtag.call("POST", f"/ca/rest/agent/certrequests/{number}/approve", review)
    serial = dogtag.call("GET", f"/ca/rest/certrequests/{number}")["certId"]
    pem = dogtag.call("GET", f"/ca/rest/certs/{serial}")["Encoded"].replace("\r", "")
    write(f"{folder}/{name}.crt", pem)
    return pem


def add_user(dogtag, subsystem, user, certificate):
    """A user who logs in with this certificate."""
    users = f"/{subsystem}/rest/admin/users"
    # 409: from an earlier run.
    dogtag.call("POST", users, {"UserID": user, "FullName": user}, also=(409,))
    dogtag.call("POST", f"{users}/{user}/certs", {"Encoded": certificate})


def make_agent(dogtag, subsystem, user):
    group = urllib.parse.quote(GROUPS[subsystem])
    dogtag.call("POST", f"/{subsystem}/rest/admin/groups/{group}/members", {"id": user}, also=(409,))


def main(url, folder):
    dogtag = Dogtag(url, folder)
    now = datetime.datetime.now(datetime.timezone.utc)
    hour, year = datetime.timedelta(hours=1), datetime.timedelta(days=720)
    client = {"exKeyUsageOIDs": CLIENT_AUTH}
    past = {"notBefore": (now - year).strftime(DATE), "notAfter": (now - hour).strftime(DATE)}
    agent = issue(dogtag, folder, "agent", client)
    issue(dogtag, folder, "unmapped", client)
    issue(dogtag, folder, "expired", {**client, **past})
    for subsystem in GROUPS:
        add_user(dogtag, subsystem, "postern", agent)
        make_agent(dogtag, subsystem, "postern")
    add_user(dogtag, "kra", "outsider", issue(dogtag, folder, "outsider", client))
    subject = ["-subj", "/O=Elsewhere/CN=postern agent", "-addext", "extendedKeyUsage=clientAuth"]
    foreign = openssl("req", "-x509", "-new", "-key", new_key(folder, "foreign"), "-days", "3650", *subject)
    write(f"{folder}/foreign.crt", foreign)


if __name__ == "__main__":
    main(*sys.argv[1:])
