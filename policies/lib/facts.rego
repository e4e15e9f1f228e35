# METADATA
# title: Facts
# description: |
#   What the original's rules can see of a request. Every fact is total: an absent field makes it false, never undefined,
#   so that `not` means what it says. Identifiers are compared, never names.
# schemas:
#   - input: schema.input
package postern.facts

# METADATA
# description: The caller's roles. The identity layer lowers their case; a site's own input might not.
roles contains lower(role) if some role in input.principal.roles

# METADATA
# description: The caller has the role, wherever the target is.
has(role) if role in roles

# METADATA
# description: The caller has the role in the project that owns the resource.
in_project(role) if {
	same_project
	role in roles
}

# METADATA
# description: The caller has the role in the owning project, and the resource is open to that project.
shared_with(role) if {
	shared
	in_project(role)
}

# METADATA
# description: The caller has the role in the owning project, and created the resource.
owned_by(role) if {
	owner
	in_project(role)
}

# METADATA
# description: |
#   What ownership and the access control list are about: the target, or a consumer's container. The secret above a
#   consumer is left out, as in the original: there only the role counts.
resource := input.target if input.target.type != "consumer"

resource := input.target.parent if {
	input.target.type == "consumer"
	input.target.parent.type == "container"
}

# METADATA
# description: The token's project owns the resource.
default same_project := false

same_project if {
	is_string(input.principal.project.id)
	input.principal.project.id == resource.project_id
}

# METADATA
# description: The caller created the resource.
default owner := false

owner if {
	is_string(input.principal.user.id)
	input.principal.user.id == resource.creator_id
}

# METADATA
# description: The resource is open to its project; one without an access control list is.
default shared := false

shared if {
	resource
	input.target.acl.read.project_access == true
}

# METADATA
# description: The caller is on the read list.
default acl_read := false

acl_read if {
	resource
	input.target.acl.read.granted == true
}

# METADATA
# description: The resource belongs to another project.
default foreign := false

foreign if {
	is_string(input.target.id)
	is_string(resource.project_id)
	not same_project
}
