# SPDX-License-Identifier: Apache-2.0
# The bench: load generator, yardstick, and the comparison that runs them.

BENCH_BIN := $(BUILD)/tests/bench/loadgen $(BUILD)/tests/bench/yardstick $(BUILD)/tests/bench/fabric
bench_o = $(patsubst %,$(BUILD)/tests/bench/%.o,$(1))

$(BUILD)/tests/bench/%.o: tests/bench/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/bench/loadgen: $(call bench_o,loadgen load fswitch punt rows stream)
$(BUILD)/tests/bench/yardstick: $(call bench_o,yardstick stream)
$(BUILD)/tests/bench/fabric: $(call bench_o,fabric fswitch rows stream)
$(BENCH_BIN):
	$(say) LINK $@
	$(Q)$(CC) $(SAN) $(LDFLAGS) -o $@ $(filter %.o,$^) -lssl -lcrypto

# Without a sanitizer: it is loaded into a program that may have one.
TURNS := $(BUILD)/tests/bench/turns.so
$(TURNS): tests/bench/turns.c tests/bench/turns.h
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARN) -O2 -shared -fPIC -o $@ $<

# Placement of traffic on any network, from CSV files.
BENCH_PLACE := $(BUILD)/bench_place
$(BENCH_PLACE): $(call bench_o,bench_place te_read te_repair te_series) $(BUILD)/libtopo.a
	$(say) LINK $@
	$(Q)$(CC) $(SAN) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS_topo)

.PHONY: bench-tools bench
bench-tools: $(BENCH_BIN) $(BENCH_PLACE) $(TURNS) ## load generator, yardstick, and placement from CSV files
bins: $(BENCH_BIN) $(BENCH_PLACE) $(TURNS)

ACL_SCALE := $(BUILD)/tests/unit/apps/test_acl_scale
bench: deps all $(BENCH_BIN) $(BENCH_PLACE) $(ACL_SCALE) $(TURNS) ## weftd beside ovs-testcontroller and the yardstick, its pipeline beside NORMAL, its rules beside none; BENCH=--quick for two minutes
	$(Q)rc=0; tests/bench/bench --build $(BUILD) $(BENCH) || rc=$$?; \
	    for b in vxlan acl scale; do tests/bench/$$b --build $(BUILD) $(filter --quick,$(BENCH)) || rc=$$?; done; \
	    $(ACL_SCALE) | grep -v '^\[' || rc=1; exit $$rc

.PHONY: bench-vxlan bench-acl bench-scale bench-failover
bench-vxlan: all       ## of it: TCP over VXLAN beside plain NORMAL bridges
	$(Q)tests/bench/vxlan --build $(BUILD) $(filter --quick,$(BENCH))
bench-acl: all $(ACL_SCALE) ## of it: TCP through stateful rules beside none; rows and times of 1,000 rules
	$(Q)tests/bench/acl --build $(BUILD) $(filter --quick,$(BENCH))
	$(Q)$(ACL_SCALE) | grep -v '^\['
bench-scale: all $(BENCH_BIN) $(TURNS) ## of it: 200 switches in a fabric of cables: idle, and when cables are cut
	$(Q)tests/bench/scale --build $(BUILD) $(filter --quick,$(BENCH))
bench-failover: all    ## how long traffic stands still when a cable, an underlay or a switch dies; not part of bench: 15 minutes
	$(Q)tests/bench/failover --build $(BUILD) $(BENCH)

.PHONY: check-bench
check-bench: all $(BENCH_BIN) $(BENCH_PLACE) $(TURNS) ## is the measuring instrument right?
	$(Q)WEFT_BUILD=$(BUILD) /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/bench
