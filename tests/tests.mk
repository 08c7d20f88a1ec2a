# SPDX-License-Identifier: Apache-2.0
# Everything that tests: included by the top Makefile.

include tests/bench/bench.mk

# --- helpers of the end-to-end tests --------------------------------------------
E2E_PROBE := $(BUILD)/tests/e2e/readback_probe
$(E2E_PROBE): $(E2E_PROBE).o $(BUILD)/tests/unit/ofproto/corpus.o $(BUILD)/libofproto.a
	$(say) LINK $@
	$(Q)$(CC) $(SAN) -o $@ $^ $(LIBS_ofproto)
