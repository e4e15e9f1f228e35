# Projects in scope of PCI DSS keep their secrets in stores that are certified for it, and choose among those.
#
# A certified store has the class "pci" in Postern's configuration; data.json has the ids of the projects:
#
#   { "pci": { "projects": [ID, ...] } }
#
# The store assigned to the project counts if it is certified, else the default if it is, else the first certified one by
# name. A project's admin can only prefer a certified store: `GET /v1/secret-stores/preferred` then says where secrets go.
# What an operator assigns is not refused (the mistake may be in the class), and does not count while it is not certified.

# METADATA
# title: Certified stores for projects in scope
# schemas:
#   - input: schema.input
package site

in_scope if input.principal.project.id in data.pci.projects

certified := [name | some name, store in input.env.stores; "pci" in store.classes]

oblige contains {"store": certified, "audit": "sync"} if {
	input.action in {"secrets:post", "secret:put", "orders:post"}
	in_scope
}

deny contains {"code": "site.not_certified", "detail": "the project is in scope of PCI DSS"} if {
	input.action == "secretstore_preferred:post"
	in_scope
	not input.target.store.name in certified
}
