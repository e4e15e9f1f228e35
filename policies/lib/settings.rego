# METADATA
# title: Settings
# description: |
#   The switches of the default policy, from `data.settings`. Each has a value of its own here, so that a bundle without
#   data still behaves as an untouched original does.
package postern.settings

# METADATA
# description: |
#   Which of the original's two generations of rules applies. They never mix: a role of one means nothing in the other.
default mode := "legacy"

mode := data.settings.mode

# METADATA
# description: |
#   In the original, a decision about an access control list cannot see that list. With the legacy rules, anyone who may
#   create secrets can therefore open a private one to the project. Only `false` ends this.
default acl_endpoint_blind := true

acl_endpoint_blind := false if data.settings.acl_endpoint_blind == false

# METADATA
# description: Answer a refusal as "not found" where the object belongs to another project.
default conceal := false

conceal if data.settings.conceal == true
