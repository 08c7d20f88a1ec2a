# SPDX-License-Identifier: Apache-2.0
# Golden cases: the unit tests compare, `make golden` rewrites. Read the diff.

.PHONY: golden
golden: $(BUILD)/tests/unit/topo/test_golden    ## rewrite the golden cases; review the diff
	$(Q)WEFT_GOLDEN=write WEFT_TOP=. $<
