/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/tag.h"

#include "apps/pipeline.h"

void tag_take(struct build *b)
{
	act_move_into(b, FIELD_VLAN_PCP, FIELD_PRIORITY);
	act_pop_vlan(b);
}

void tag_put(struct build *b, uint16_t vid)
{
	act_push_vlan(b);
	tag_change(b, vid);
	act_move_part(b, FIELD_PRIORITY, 0, FIELD_VLAN_PCP);
}

void tag_change(struct build *b, uint16_t vid)
{
	act_set_u(b, FIELD_VLAN_VID, VLAN_PRESENT | vid);
}
