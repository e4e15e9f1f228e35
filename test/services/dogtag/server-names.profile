
9.default.class=com.netscape.cms.profile.def.SubjectAltNameExtDefault
9.default.name=Subject Alternative Name Extension Default
9.default.params.subjAltNameExtCritical=false
9.default.params.subjAltNameNumGNs=2
9.default.params.subjAltExtGNEnable_0=true
9.default.params.subjAltExtType_0=DNSName
9.default.params.subjAltExtPattern_0=localhost
9.default.params.subjAltExtGNEnable_1=true
9.default.params.subjAltExtType_1=IPAddress
9.default.params.subjAltExtPattern_1=127.0.0.1
