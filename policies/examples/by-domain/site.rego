# The secrets of a domain's projects stay in the domain's store; a project may be an exception.
#
# data.json has the ids, since names can be given away:
#
#   { "placement": { "domains": { ID: STORE or [STORES] }, "projects": { ID: STORE or [STORES] } } }
#
# A project stands for itself where others would give it a tag: a token tells a project's id and its domain, never its
# tags. What a project's admin prefers counts only where a list leaves a choice. Operators can give the same data as
# `policy.data` in the configuration: that needs no build.

# METADATA
# title: Stores by domain and project
# schemas:
#   - input: schema.input
package site

oblige contains {"store": place} if input.action in {"secrets:post", "secret:put", "orders:post"}

place := store if {
	store := data.placement.projects[input.principal.project.id]
} else := data.placement.domains[input.principal.project.domain.id]
