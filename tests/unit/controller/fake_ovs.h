/* SPDX-License-Identifier: Apache-2.0 */
/* A host with programs of Open vSwitch that say what a test wants: scripts in a folder that
 * is first in PATH. Its database is what `ovs-vsctl list` prints: one bridge that is all
 * well, which a test spoils by changing a word. */
#ifndef TESTS_FAKE_OVS_H
#define TESTS_FAKE_OVS_H

#include "tests/unit/controller/scratch.h"

/* The scratch folder has it: "db", "flows", "neigh", "route", "rules", "nconns", "maxconns", "ipf", "limits",
 * "status", "said"; pki/ has an authority, weftd's certificate and those of kvm1, kvm2. */
int fake_ovs_up(void **state);
int fake_ovs_down(void **state);

/* All well again: br-int is kvm1 with a controller at that target. */
void fake_ovs_reset(const char *target);
/* Puts `to` in place of `from` in the database; fails the test when it is not there. */
void fake_ovs_change(const char *from, const char *to);

#endif
