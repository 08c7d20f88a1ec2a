/* SPDX-License-Identifier: Apache-2.0 */
/* The one door to libopenvswitch: every file that needs it includes this. */
#ifndef OFPROTO_OVS_H
#define OFPROTO_OVS_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <openflow/nicira-ext.h>
#include <openflow/openflow.h>
#include <openvswitch/dynamic-string.h>
#include <openvswitch/flow.h>
#include <openvswitch/match.h>
#include <openvswitch/meta-flow.h>
#include <openvswitch/ofp-actions.h>
#include <openvswitch/ofp-bundle.h>
#include <openvswitch/ofp-connection.h>
#include <openvswitch/ofp-errors.h>
#include <openvswitch/ofp-flow.h>
#include <openvswitch/ofp-group.h>
#include <openvswitch/ofp-match.h>
#include <openvswitch/ofp-meter.h>
#include <openvswitch/ofp-monitor.h>
#include <openvswitch/ofp-msgs.h>
#include <openvswitch/ofp-packet.h>
#include <openvswitch/ofp-port.h>
#include <openvswitch/ofp-print.h>
#include <openvswitch/ofp-switch.h>
#include <openvswitch/ofp-util.h>
#include <openvswitch/ofpbuf.h>
#include <openvswitch/vlog.h>
#pragma GCC diagnostic pop

/* In the library, not in its public headers: the slot that Open vSwitch chooses. */
void multipath_execute(const struct ofpact_multipath *, struct flow *, struct flow_wildcards *);

#endif
