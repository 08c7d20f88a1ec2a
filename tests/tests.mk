# SPDX-License-Identifier: Apache-2.0
# Everything that tests: included by the top Makefile.

include tests/bench/bench.mk
-include tests/golden/golden.mk
-include tests/fuzz/fuzz.mk

# --- helpers of the end-to-end tests --------------------------------------------
E2E_PROBES := $(patsubst %,$(BUILD)/tests/e2e/%,readback_probe walk_probe)
$(E2E_PROBES): %: %.o $(BUILD)/tests/unit/ofproto/corpus.o $(BUILD)/libofproto.a
	$(say) LINK $@
	$(Q)$(CC) $(SAN) -o $@ $^ $(LIBS_ofproto)

ACL_PROBE := $(BUILD)/tests/e2e/acl_probe
$(ACL_PROBE): $(BUILD)/tests/e2e/acl_probe.o $(patsubst %,$(BUILD)/tests/unit/apps/%.o,acl_expect acl_random acl_reference) $(BUILD)/libtopo.a
	$(say) LINK $@
	$(Q)$(CC) $(SAN) -o $@ $^ $(LIBS_topo)

# Without a sanitizer: it is loaded into a program that may have one.
CLOCK_AHEAD := $(BUILD)/tests/e2e/clock_ahead.so
$(CLOCK_AHEAD): tests/e2e/clock_ahead.c
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARN) -O2 -shared -fPIC -o $@ $<

.PHONY: bins
bins: $(E2E_PROBES) $(ACL_PROBE) $(CLOCK_AHEAD)

# --- what people call ------------------------------------------------------------
.PHONY: check layers e2e check-asan coverage
check: deps            ## install what is missing, run every test, end with N passed, N failed
	$(Q)tests/run

layers:                ## fail on an include that the design does not draw
	$(Q)tests/layers

e2e: all bins          ## the black-box scenarios on real Open vSwitch, without sanitizers
	$(Q)WEFT_BUILD=$(BUILD) /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/e2e

check-asan:            ## the unit tests under address and undefined behaviour sanitizers
	$(Q)tests/run --stage units

coverage: $(OVSLIB)    ## lines the unit tests reach; fail where a room of pure code is below 85 %
	$(Q)tests/coverage
