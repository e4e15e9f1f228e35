# Who makes a key, and of which algorithm it is, say which stores may hold it.
#
# data.json has both, algorithms in lower case:
#
#   { "placement": { "roles": { ROLE: [STORES] }, "algorithms": { ALGORITHM: [STORES] } } }
#
# What all that applies allows is left: a custodian's RSA key goes where custodians' keys and RSA keys may both go. If
# nothing is left the request is refused. The algorithm of a secret is the caller's word for it, and may be missing; that
# of an order is what will be made.

# METADATA
# title: Stores by role and algorithm
# schemas:
#   - input: schema.input
package site

placing if input.action in {"secrets:post", "secret:put", "orders:post"}

oblige contains {"store": stores} if {
	placing
	some role in input.principal.roles
	stores := data.placement.roles[role]
}

oblige contains {"store": stores} if {
	placing
	stores := data.placement.algorithms[lower(algorithm)]
}

algorithm := input.target.attributes.algorithm

algorithm := input.target.attributes.meta.algorithm
