/* SPDX-License-Identifier: Apache-2.0 */
/* VLAN interfaces in VMs: eth0.TAG sends and receives frames with that tag.
 *
 * A kernel with 8021q makes them. Many small kernels have none; there a veth
 * pair eth0.TAG - tag.TAG and two programs of a few instructions do the same:
 *
 *     VM's stack -> eth0.TAG -> tag.TAG [push TAG, redirect] -> eth0 -> switch
 *     switch -> eth0 [has TAG? pop, redirect] -> tag.TAG -> eth0.TAG -> VM's stack
 *
 * They are written here as instructions, loaded by bpf(2) and attached by tc,
 * which finds them under a name in a BPF file system that lives just as long.
 * Without that too, the VM has no tagged interface; tests can send raw frames. */
#include "controller/lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	TAG_INDEX = 10000,              /* interface index of tag.TAG: this and the tag */
	MAX_INSTRUCTIONS = 24,
};

/* Who can make a tagged interface here. */
enum way { WAY_8021Q, WAY_BPF, WAY_NONE };

/* --- programs ----------------------------------------------------------------------- */

struct program {
	struct bpf_insn code[MAX_INSTRUCTIONS];
	unsigned n;
};

static void emit(struct program *program, int code, int dst, int src, int off, int imm)
{
	program->code[program->n++] = (struct bpf_insn){
		.code = (__u8) code, .dst_reg = (__u8) (dst & 15), .src_reg = (__u8) (src & 15),
		.off = (__s16) off, .imm = imm,
	};
}

#define MOV_REG(P, DST, SRC) emit(P, BPF_ALU64 | BPF_MOV | BPF_X, DST, SRC, 0, 0)
#define MOV_IMM(P, DST, IMM) emit(P, BPF_ALU64 | BPF_MOV | BPF_K, DST, 0, 0, IMM)
#define LOAD_WORD(P, DST, SRC, OFF) emit(P, BPF_LDX | BPF_MEM | BPF_W, DST, SRC, OFF, 0)
#define CALL(P, FUNCTION) emit(P, BPF_JMP | BPF_CALL, 0, 0, 0, FUNCTION)
#define EXIT(P) emit(P, BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static void redirect(struct program *p, int ifindex)
{
	MOV_IMM(p, BPF_REG_1, ifindex);
	MOV_IMM(p, BPF_REG_2, 0);
	CALL(p, BPF_FUNC_redirect);
	EXIT(p);
}

static void push_program(struct program *p, uint16_t tag)
{
	MOV_IMM(p, BPF_REG_2, htons(ETH_P_8021Q));
	MOV_IMM(p, BPF_REG_3, tag);
	CALL(p, BPF_FUNC_skb_vlan_push);
	redirect(p, LAB_ETH0_INDEX);
}

/* What has another tag, or none, is left to the next program or to the stack. */
static void pop_program(struct program *p, uint16_t tag)
{
	enum { LEAVE = 12 };            /* index of the instructions that leave the frame alone */

	MOV_REG(p, BPF_REG_6, BPF_REG_1);
	LOAD_WORD(p, BPF_REG_7, BPF_REG_1, offsetof(struct __sk_buff, vlan_present));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_7, 0, LEAVE - 3, 0);
	LOAD_WORD(p, BPF_REG_7, BPF_REG_1, offsetof(struct __sk_buff, vlan_tci));
	emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_7, 0, 0, 0xfff);
	emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_7, 0, LEAVE - 6, tag);
	MOV_REG(p, BPF_REG_1, BPF_REG_6);
	CALL(p, BPF_FUNC_skb_vlan_pop);
	redirect(p, TAG_INDEX + tag);
	MOV_IMM(p, BPF_REG_0, TC_ACT_UNSPEC);
	EXIT(p);
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int) syscall(SYS_bpf, command, attr, sizeof *attr);
}

/* Loads a program and pins it at path; null or what went wrong. */
static const char *pin(const struct program *program, const char *path)
{
	static char log[4096];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SCHED_CLS,
		.insns = (uintptr_t) program->code,
		.insn_cnt = program->n,
		.license = (uintptr_t) "Apache-2.0",
		.log_buf = (uintptr_t) log,
		.log_size = sizeof log,
		.log_level = 1,
	};
	int fd = bpf(BPF_PROG_LOAD, &attr), result;

	if (fd < 0)
		return log[0] ? log : strerror(errno);
	attr = (union bpf_attr){.pathname = (uintptr_t) path, .bpf_fd = (__u32) fd};
	result = bpf(BPF_OBJ_PIN, &attr);
	close(fd);
	return result < 0 ? strerror(errno) : NULL;
}

/* --- interfaces ------------------------------------------------------------------------ */

static char *address_lines(struct arena *arena, const struct lab_stand *stand)
{
	char *lines = arena_strdup(arena, "");

	if (stand->ip)
		lines = arena_printf(arena, "%saddr add %s/%u dev %s\n", lines, stand->ip, stand->prefix,
				     stand->dev);
	if (stand->ip6 && access("/proc/net/if_inet6", F_OK) == 0)
		lines = arena_printf(arena, "%saddr add %s/%u dev %s nodad\n", lines, stand->ip6,
				     stand->prefix6, stand->dev);
	return arena_printf(arena, "%slink set %s up\n", lines, stand->dev);
}

static bool ip_batch(struct lab_runner *runner, const struct lab_vm *vm, const char *lines)
{
	return lab_run(runner, lines, "ip", "-n", vm->ns, "-batch", "-", NULL) != NULL;
}

/* The first one tells whether the kernel can. */
static bool try_8021q(struct lab_runner *runner, const struct lab_vm *vm,
		      const struct lab_stand *stand, enum way *way)
{
	struct lab_command command = {
		.argv = lab_argv(runner->arena, "ip", "-n", vm->ns, "link", "add", "link", "eth0", "name",
				 stand->dev, "type", "vlan", "id",
				 arena_printf(runner->arena, "%u", stand->tag), NULL),
		.may_fail = true,
	};

	if (!lab_run_all(runner, &command, 1))
		return false;
	if (command.status) {
		*way = WAY_BPF;
		return true;
	}
	return ip_batch(runner, vm, address_lines(runner->arena, stand));
}

static bool attach(struct lab_runner *runner, const struct lab_vm *vm, const char *dev,
		   unsigned priority, const char *path)
{
	return lab_run(runner, NULL, "tc", "-n", vm->ns, "filter", "add", "dev", dev, "ingress", "prio",
		       arena_printf(runner->arena, "%u", priority), "bpf", "direct-action",
		       "object-pinned", path, NULL) != NULL;
}

static bool make_veth(struct lab_runner *runner, const struct lab_vm *vm,
		      const struct lab_stand *stand)
{
	struct arena *arena = runner->arena;
	const char *inner = arena_printf(arena, "tag.%u", stand->tag);
	/* iproute2 takes an index for the first end only. */
	char *lines = arena_printf(arena, "link add name %s index %d mtu %u type veth "
				   "peer name %s address %s mtu %u\n", inner, TAG_INDEX + stand->tag,
				   vm->mtu, stand->dev, vm->mac, vm->mtu);

	if (access("/proc/net/if_inet6", F_OK) == 0)
		lines = arena_printf(arena, "%slink set %s addrgenmode none\n", lines, inner);
	lines = arena_printf(arena, "%slink set %s up\n%s", lines, inner, address_lines(arena, stand));
	return ip_batch(runner, vm, lines) &&
	       lab_run(runner, NULL, "ip", "netns", "exec", vm->ns, "ethtool", "-K", stand->dev, "tx",
		       "off", "tso", "off", "gso", "off", "gro", "off", NULL) &&
	       lab_run(runner, NULL, "tc", "-n", vm->ns, "qdisc", "add", "dev", inner, "clsact", NULL);
}

static bool by_bpf(struct lab_runner *runner, const struct lab_vm *vm,
		   const struct lab_stand *stand, const char *mount_point, enum way *way)
{
	const char *push_path = arena_printf(runner->arena, "%s/push%u", mount_point, stand->tag);
	const char *pop_path = arena_printf(runner->arena, "%s/pop%u", mount_point, stand->tag);
	struct program push = {.n = 0}, pop = {.n = 0};
	const char *why = NULL;

	push_program(&push, stand->tag);
	pop_program(&pop, stand->tag);
	if (access(push_path, F_OK) < 0)
		why = pin(&push, push_path);
	if (!why && access(pop_path, F_OK) < 0)
		why = pin(&pop, pop_path);
	if (why) {
		fprintf(stderr, "weft lab: this kernel makes no VLAN interfaces (8021q is missing, and BPF "
			"says: %s): VMs have no tagged ones\n", why);
		*way = WAY_NONE;
		return true;
	}
	return make_veth(runner, vm, stand) &&
	       attach(runner, vm, arena_printf(runner->arena, "tag.%u", stand->tag), 1, push_path) &&
	       attach(runner, vm, "eth0", stand->tag, pop_path);
}

static bool vm_up(struct lab_runner *runner, struct lab_vm *vm, const char *mount_point,
		  enum way *way)
{
	bool has_clsact = false;

	for (size_t i = 0; i < vm->n_stands; i++) {
		struct lab_stand *stand = &vm->stands[i];

		if (stand->tag == NET_UNTAGGED)
			continue;
		if (*way == WAY_8021Q && !try_8021q(runner, vm, stand, way))
			return false;
		if (*way == WAY_BPF && !has_clsact) {
			if (!lab_run(runner, NULL, "tc", "-n", vm->ns, "qdisc", "add", "dev", "eth0",
				     "clsact", NULL))
				return false;
			has_clsact = true;
		}
		if (*way == WAY_BPF && !by_bpf(runner, vm, stand, mount_point, way))
			return false;
		if (*way == WAY_NONE)
			stand->dev = stand->ip = stand->ip6 = NULL;
	}
	return true;
}

bool lab_vlans_up(struct lab_runner *runner, struct lab_plan *plan)
{
	const char *mount_point = arena_printf(runner->arena, "%s/bpf", plan->dir);
	enum way way = WAY_8021Q;
	bool tagged = false, ok = true, mounted;

	for (size_t i = 0; i < plan->n_vms; i++) {
		for (size_t j = 0; j < plan->vms[i].n_stands; j++)
			tagged |= plan->vms[i].stands[j].tag != NET_UNTAGGED;
	}
	if (!tagged)
		return true;
	mounted = mkdir(mount_point, 0700) == 0 && mount("bpf", mount_point, "bpf", 0, NULL) == 0;
	for (size_t i = 0; i < plan->n_vms && ok; i++)
		ok = vm_up(runner, &plan->vms[i], mount_point, &way);
	if (mounted)
		umount2(mount_point, MNT_DETACH);
	rmdir(mount_point);
	return ok;
}
