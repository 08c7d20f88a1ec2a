# SPDX-License-Identifier: Apache-2.0
# Fuzz targets: tests/fuzz/fuzz_X.c with one LLVMFuzzerTestOneInput, its corpus in
# tests/fuzz/corpus/X. A new target is a file, a folder and a FUZZ_SEES line.
#
#   make fuzz-corpus    every input of every corpus, gcc with sanitizers; part of check
#   make fuzz           libFuzzer on every target, FUZZ_SECONDS each; finds are kept in
#                       build-fuzz/X and never written into the corpus by themselves
#   make fuzz FUZZ=yaml     one target only

FUZZ_SECONDS ?= 60
FUZZ ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

# The rooms a target links, as in SEES_ROOM of the unit tests.
FUZZ_SEES_yaml := topo
FUZZ_SEES_frame := ofproto
FUZZ_SEES_readback := ofproto
FUZZ_SEES_claim := apps ofproto topo
FUZZ_SEES_dhcp := apps ofproto topo
FUZZ_SEES_conn := ofproto
FUZZ_SEES_msg := ofproto

FUZZ_SAN   := -fsanitize=address,undefined -fno-sanitize-recover=undefined
ASAN_BUILD ?= build-asan
FUZZ_BUILD ?= build-fuzz

define fuzz_target
$$(BUILD)/tests/fuzz/corpus_$(1): $$(BUILD)/tests/fuzz/fuzz_$(1).o $$(BUILD)/tests/fuzz/corpus_main.o \
                                  $$(patsubst %,$$(BUILD)/lib%.a,$$(FUZZ_SEES_$(1)))
	$$(say) LINK $$@
	$$(Q)$$(CC) $$(SAN) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group \
	    $$(foreach s,$$(FUZZ_SEES_$(1)),$$(LIBS_$$(s)))

$$(BUILD)/tests/fuzz/fuzz_$(1): $$(BUILD)/tests/fuzz/fuzz_$(1).o $$(patsubst %,$$(BUILD)/lib%.a,$$(FUZZ_SEES_$(1)))
	$$(say) LINK $$@
	$$(Q)$$(CC) $$(SAN) -fsanitize=fuzzer -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) \
	    -Wl,--end-group $$(foreach s,$$(FUZZ_SEES_$(1)),$$(LIBS_$$(s)))
endef
$(foreach f,$(FUZZ),$(eval $(call fuzz_target,$(f))))

.PHONY: fuzz fuzz-corpus fuzz-bins fuzz-corpus-bins
fuzz-corpus-bins: $(patsubst %,$(BUILD)/tests/fuzz/corpus_%,$(FUZZ))
fuzz-bins: $(patsubst %,$(BUILD)/tests/fuzz/fuzz_%,$(FUZZ))

fuzz-corpus:           ## replay every input of the fuzz corpora under the sanitizers
	$(Q)$(MAKE) --no-print-directory BUILD=$(ASAN_BUILD) SAN="$(FUZZ_SAN)" CFLAGS="-O1 -g" fuzz-corpus-bins
	$(Q)for f in $(FUZZ); do $(ASAN_BUILD)/tests/fuzz/corpus_$$f tests/fuzz/corpus/$$f || exit 1; done

fuzz:                  ## look for new inputs that break something, FUZZ_SECONDS per target
	$(Q)$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=$(CLANG) WARN=-w CFLAGS="-O1 -g" \
	    SAN="$(FUZZ_SAN) -fsanitize=fuzzer-no-link" fuzz-bins
	$(Q)for f in $(FUZZ); do mkdir -p $(FUZZ_BUILD)/$$f && \
	    $(FUZZ_BUILD)/tests/fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
	        -artifact_prefix=$(FUZZ_BUILD)/$$f- $$(test -f tests/fuzz/$$f.dict && echo -dict=tests/fuzz/$$f.dict) \
	        $(FUZZ_BUILD)/$$f tests/fuzz/corpus/$$f || exit 1; done
