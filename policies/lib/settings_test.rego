package postern.settings_test

import data.postern.settings

test_defaults_without_data if {
	settings.mode == "legacy" with data.settings as {}
	settings.acl_endpoint_blind with data.settings as {}
	not settings.conceal with data.settings as {}
}

test_data_decides if {
	changed := {"mode": "secure", "acl_endpoint_blind": false, "conceal": true}
	settings.mode == "secure" with data.settings as changed
	not settings.acl_endpoint_blind with data.settings as changed
	settings.conceal with data.settings as changed
}

test_only_a_boolean_switches if {
	settings.acl_endpoint_blind with data.settings as {"acl_endpoint_blind": "false"}
	not settings.conceal with data.settings as {"conceal": "true"}
}
