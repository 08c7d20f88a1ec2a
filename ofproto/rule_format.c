/* SPDX-License-Identifier: Apache-2.0 */
/* rule_format: a rule in the words of ovs-ofctl, by libopenvswitch. A file of
 * its own so that rule.c needs no library. */
#include <inttypes.h>

#include "ofproto/canon.h"
#include "ofproto/wire.h"

static void format_flow(const struct rule *rule, struct ds *s)
{
	struct ofpact_format_params params = {.s = s};
	uint16_t flags = wire_u16(rule->msg + FLOW_FLAGS);
	struct ofpbuf ofpacts;
	struct match match;
	enum ofperr error;

	ofpbuf_init(&ofpacts, 256);
	error = canon_decode(rule, &match, &ofpacts);
	ds_put_format(s, "cookie=0x%"PRIx64",table=%u,", rule_cookie(rule), rule_table(rule));
	if (rule_idle_timeout(rule))
		ds_put_format(s, "idle_timeout=%u,", rule_idle_timeout(rule));
	if (wire_u16(rule->msg + FLOW_HARD))
		ds_put_format(s, "hard_timeout=%u,", wire_u16(rule->msg + FLOW_HARD));
	if (flags & FLOW_SEND_REM)
		ds_put_cstr(s, "send_flow_rem,");
	if (error) {
		ds_put_format(s, "priority=%u (%s)", rule_priority(rule), ofperr_to_string(error));
	} else {
		/* match_format leaves the default priority out. */
		if (rule_priority(rule) == OFP_DEFAULT_PRIORITY)
			ds_put_format(s, "priority=%u,", rule_priority(rule));
		match_format(&match, NULL, s, rule_priority(rule));
		ds_chomp(s, ',');
		ds_put_cstr(s, " actions=");
		ofpacts_format(ofpacts.data, ofpacts.size, &params);
	}
	ofpbuf_uninit(&ofpacts);
}

/* The library's text of a group-mod begins with the command, ours with the id. */
static void format_mod(const struct rule *rule, struct ds *s)
{
	struct ofpbuf b;

	ofpbuf_init(&b, rule->size);
	ofpbuf_put(&b, rule->msg, rule->size);
	if (rule->kind == RULE_GROUP) {
		struct ofputil_group_mod gm;

		if (ofputil_decode_group_mod(b.data, &gm)) {
			ds_put_format(s, "group_id=%"PRIu32, rule_id(rule));
		} else {
			struct ds mod = DS_EMPTY_INITIALIZER;
			const char *id;

			ofputil_group_mod_format__(&mod, OFP13_VERSION, &gm, NULL, NULL);
			id = strstr(ds_cstr(&mod), "group_id=");
			ds_put_cstr(s, id ? id : ds_cstr(&mod));
			ds_destroy(&mod);
			ofputil_uninit_group_mod(&gm);
		}
	} else {
		struct ofputil_meter_mod mm;
		struct ofpbuf bands;

		ofpbuf_init(&bands, 64);
		if (ofputil_decode_meter_mod(b.data, &mm, &bands))
			ds_put_format(s, "meter=%"PRIu32, rule_id(rule));
		else
			ofputil_format_meter_config(s, &mm.meter);
		ofpbuf_uninit(&bands);
	}
	ofpbuf_uninit(&b);
}

void rule_format(const struct rule *rule, char *buf, size_t size)
{
	struct ds s = DS_EMPTY_INITIALIZER;

	switch (rule->kind) {
	case RULE_FLOW:
		format_flow(rule, &s);
		break;
	case RULE_GROUP:
	case RULE_METER:
		format_mod(rule, &s);
		break;
	}
	ds_chomp(&s, '\n');
	snprintf(buf, size, "%s", ds_cstr(&s));
	for (char *p = buf; *p; p++)
		if (*p == '\n')
			*p = ' ';
	ds_destroy(&s);
}
