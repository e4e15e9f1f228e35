# Certificates and private keys go to an HSM; all else goes where it would have gone anyway.
#
# An HSM is a store that has the class "hsm" in Postern's configuration:
#
#   stores:
#     configured:
#       - { kind: pkcs11, name: hsm-a, classes: [hsm], ... }
#
# Of several the one assigned to the project counts, else the default, else the first by name. With none, what belongs
# into one is refused. The type of a secret is the caller's word for it: whoever sends a private key as "opaque" is not
# stopped here. A pair of keys that is ordered is known to have a private one.

# METADATA
# title: Keys and certificates in HSMs
# schemas:
#   - input: schema.input
package site

oblige contains {"store": hsms} if belongs_in_hsm

hsms := [name | some name, store in input.env.stores; "hsm" in store.classes]

# A payload may come in a second step, and is placed then.
belongs_in_hsm if {
	input.action in {"secrets:post", "secret:put"}
	input.target.attributes.secret_type in {"certificate", "private"}
}

# All that an order makes goes to one store, the public key and the passphrase too.
belongs_in_hsm if {
	input.action == "orders:post"
	input.target.attributes.type == "asymmetric"
}
