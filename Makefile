# SPDX-License-Identifier: Apache-2.0
# weft: `make help` lists what can be made here.

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-7s %s\n')

BUILD     ?= build
SAN       ?=
WEFT_CACHE ?= $(HOME)/.cache/weft
OVS_VERSION := 3.1.0-2
# Another recipe, another folder: an old build is never taken for a new one.
OVS       := $(WEFT_CACHE)/ovs-$(OVS_VERSION)-$(firstword $(shell cksum tools/build-ovs))
VERSION   := $(shell cat VERSION)
PREFIX    ?= /usr/local
CC        ?= gcc
CLANG     ?= clang

WARN   := -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Wstrict-prototypes \
          -Wmissing-prototypes -Wpointer-arith -Wformat=2 -Wvla -Werror
CFLAGS ?= -O2 -g
BASE   := -std=gnu11 -D_GNU_SOURCE -DWEFT_VERSION='"$(VERSION)"' -I. -isystem $(OVS)/include \
          -fno-omit-frame-pointer -fno-strict-aliasing -MMD -MP $(SAN)
ALL_CFLAGS = $(BASE) $(WARN) $(CFLAGS)
OVSLIB := $(OVS)/lib/libopenvswitch.a
LIBS_topo    := -lyaml -lm
LIBS_ofproto := $(OVSLIB) -lunbound -levent_core -lssl -lcrypto -lm -latomic -lpthread
LIBS_controller := -levent_extra -levent_openssl -levent_core -ljansson -lcurl

# --- rooms: one archive each, every .c file of the folder ------------------------
ROOMS := topo ofproto apps controller
MAINS := controller/main.c controller/weft.c
define room
SRC_$(1) := $$(filter-out $$(MAINS),$$(wildcard $(1)/*.c))
OBJ_$(1) := $$(SRC_$(1):%.c=$$(BUILD)/%.o)
$$(BUILD)/lib$(1).a: $$(OBJ_$(1))
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

.PHONY: all
all: $(BUILD)/weftd $(BUILD)/weft

$(BUILD)/weftd: $(BUILD)/controller/main.o $(BUILD)/libcontroller.a $(BUILD)/libapps.a $(BUILD)/libofproto.a $(BUILD)/libtopo.a
$(BUILD)/weft: $(BUILD)/controller/weft.o $(BUILD)/libcontroller.a $(BUILD)/libapps.a $(BUILD)/libofproto.a $(BUILD)/libtopo.a
$(BUILD)/weftd $(BUILD)/weft:
	$(say) LINK $@
	$(Q)$(CC) $(SAN) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
	    $(LIBS_topo) $(LIBS_controller) $(LIBS_ofproto)

$(BUILD)/%.a:
	$(say) AR $@
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(BUILD)/%.o: %.c $(OVSLIB)
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# The page of `weft web` is inside.
$(BUILD)/controller/web_assets.o: $(wildcard controller/web/*)

# topo stands alone: it must build before libopenvswitch exists.
$(BUILD)/topo/%.o: topo/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# --- unit tests: tests/unit/ROOM/test_X.c is linked with what ROOM may see --------
SEES_topo       := topo
SEES_ofproto    := ofproto
SEES_apps       := apps ofproto topo
SEES_controller := controller apps ofproto topo
# The fake switch speaks to ofproto and controller alike.
SHARED_ofproto := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/*.c))
SHARED_controller := $(SHARED_ofproto)
define unit
UNIT_$(1) := $$(patsubst %.c,$$(BUILD)/%,$$(wildcard tests/unit/$(1)/test_*.c))
HELP_$(1) := $$(patsubst %.c,$$(BUILD)/%.o,$$(filter-out tests/unit/$(1)/test_%.c,$$(wildcard tests/unit/$(1)/*.c))) $$(SHARED_$(1))
$$(UNIT_$(1)): $$(BUILD)/tests/unit/$(1)/test_%: $$(BUILD)/tests/unit/$(1)/test_%.o $$(HELP_$(1)) $(patsubst %,$$(BUILD)/lib%.a,$(SEES_$(1)))
	$$(say) LINK $$@
	$$(Q)$$(CC) $$(SAN) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group \
	    $(foreach s,$(SEES_$(1)),$$(LIBS_$(s))) -lcmocka
endef
$(foreach r,$(ROOMS),$(eval $(call unit,$(r))))
UNITS := $(foreach r,$(ROOMS),$(UNIT_$(r)))

.PHONY: units
units: $(UNITS)

.PHONY: clean
clean:
	rm -rf $(BUILD)

include tests/tests.mk

# --- what is on this machine -------------------------------------------------------
$(OVSLIB):
	$(Q)tools/build-ovs $(OVS_VERSION) $(OVS)

.PHONY: deps lab help install deb
deps:                  ## install Debian packages that are missing, build libopenvswitch once
	$(Q)tools/install-deps
	$(Q)$(MAKE) -s --no-print-directory $(OVSLIB)

lab: deps              ## the main job, live: three hosts with VMs, TLS and weftd on this machine
	$(Q)$(MAKE) -s --no-print-directory -j$$(nproc) all
	$(Q)tools/demo

# --- the manual's pages that the program prints ------------------------------------
PAGES = $(shell $(BUILD)/weft reference)
.PHONY: docs docs-check
docs: $(BUILD)/weft    ## print docs/reference from the program's tables
	$(Q)for page in $(PAGES); do $(BUILD)/weft reference $$page >docs/reference/$$page || exit 1; done

docs-check: $(BUILD)/weft  ## fail when docs/reference is not what the program prints
	$(Q)for page in $(PAGES); do $(BUILD)/weft reference $$page | cmp - docs/reference/$$page || \
	    { echo "docs/reference/$$page is not what the program prints: run make docs" >&2; exit 1; }; done

# --- putting it where it belongs -----------------------------------------------------
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSCONFDIR ?= /etc

install: all           ## programs, man pages, docs and the unit of weftd: PREFIX, DESTDIR, SYSCONFDIR, UNITDIR
	$(Q)DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' UNITDIR='$(UNITDIR)' tools/install $(BUILD)

deb: all               ## a Debian package in BUILD/deb
	$(Q)tools/deb $(BUILD) $(VERSION)

help:                  ## this list
	@sed -n 's/^\([a-z][a-z0-9-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | sort | \
	    awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.SECONDARY:
