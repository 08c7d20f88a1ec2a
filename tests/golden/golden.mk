# SPDX-License-Identifier: Apache-2.0
# Golden cases: the unit tests compare, `make golden` rewrites. Read the diff.

.PHONY: golden
golden: $(BUILD)/tests/unit/topo/test_golden $(BUILD)/tests/unit/apps/test_golden ## rewrite the golden cases; review the diff
	$(Q)set -e; for test in $^; do WEFT_GOLDEN=write WEFT_TOP=. $$test; done
