/* SPDX-License-Identifier: Apache-2.0 */
/* One table per kind of value: what is read, and what is said instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <string.h>

#include "topo/scalar.h"

#define N(ARRAY) (sizeof(ARRAY) / sizeof *(ARRAY))

/* A case: text, quoted or not, the value, or the words a complaint must have. */
struct number_case {
	const char *text;
	bool is_quoted;
	uint64_t value;
	const char *complaint;          /* null: it is read */
	enum diag_code code;
};

static void judge(const struct number_case *c, bool is_good, uint64_t value,
		  const struct complaint *complaint)
{
	if (is_good != !c->complaint)
		fail_msg("\"%s\": %s", c->text, is_good ? "was read" : complaint->text);
	if (is_good && value != c->value)
		fail_msg("\"%s\": is %" PRIu64 ", not %" PRIu64, c->text, value, c->value);
	if (!is_good && (!strstr(complaint->text, c->complaint) || complaint->code != c->code))
		fail_msg("\"%s\": \"%s\" (%s) lacks \"%s\" (%s)", c->text, complaint->text,
			 diag_code_info(complaint->code)->code, c->complaint,
			 diag_code_info(c->code)->code);
	/* What could not be read is left alone. */
	if (!is_good)
		assert_int_equal(value, 4711);
}

static void judge_all(const struct number_case *cases, size_t n,
		      bool (*read)(struct scalar, uint64_t *, struct complaint *))
{
	for (size_t i = 0; i < n; i++) {
		struct complaint complaint;
		uint64_t value = 4711;
		bool is_good = read((struct scalar) {cases[i].text, cases[i].is_quoted}, &value, &complaint);

		judge(&cases[i], is_good, value, &complaint);
	}
}

static bool read_uint(struct scalar in, uint64_t *value, struct complaint *complaint)
{
	return scalar_uint(in, 1, 4094, value, complaint);
}

static void test_uint(void **state)
{
	static const struct number_case cases[] = {
		{"1", false, 1, NULL, 0},
		{"4094", false, 4094, NULL, 0},
		{"0", false, 0, "the range is 1 to 4094", DIAG_RANGE},
		{"4095", false, 0, "the range is 1 to 4094", DIAG_RANGE},
		{"-1", false, 0, "the range is 1 to 4094", DIAG_RANGE},
		{"99999999999999999999999", false, 0, "the range is 1 to 4094", DIAG_RANGE},
		{"18446744073709551616", false, 0, "the range is", DIAG_RANGE},
		{"7", true, 0, "without quotes", DIAG_TYPE},
		{"010", false, 0, "octal", DIAG_YAML11},
		{"08", false, 0, "octal", DIAG_YAML11},
		{"00", false, 0, "octal", DIAG_YAML11},
		{"0o10", false, 0, "octal", DIAG_YAML11},
		{"1_0", false, 0, "all digits", DIAG_YAML11},
		{"1e3", false, 0, "decimal fraction", DIAG_YAML11},
		{"1e+03", false, 0, "decimal fraction", DIAG_YAML11},
		{"10.0", false, 0, "decimal fraction", DIAG_YAML11},
		{"1:30", false, 0, "base 60", DIAG_YAML11},
		{"0x10", false, 0, "a whole number is wanted", DIAG_TYPE},
		{"+5", false, 0, "a whole number is wanted", DIAG_TYPE},
		{"5a", false, 0, "a whole number is wanted", DIAG_TYPE},
		{"-", false, 0, "a whole number is wanted", DIAG_TYPE},
		{"abc", true, 0, "a whole number is wanted", DIAG_TYPE},
		{"", false, 0, "has no value", DIAG_TYPE},
		{"", true, 0, "a whole number is wanted", DIAG_TYPE},
		{"~", false, 0, "has no value", DIAG_TYPE},
		{"null", false, 0, "has no value", DIAG_TYPE},
		{"true", false, 0, "a whole number is wanted", DIAG_TYPE},
	};

	(void) state;
	judge_all(cases, N(cases), read_uint);
}

static void test_dpid(void **state)
{
	static const struct number_case cases[] = {
		{"0x525400a10011", false, 0x525400a10011, NULL, 0},
		{"0x525400a10011", true, 0x525400a10011, NULL, 0},
		{"0XAB", false, 0xab, NULL, 0},
		{"0xffffffffffffffff", false, UINT64_MAX, NULL, 0},
		{"90520746852369", false, 90520746852369, NULL, 0},
		{"18446744073709551615", false, UINT64_MAX, NULL, 0},
		{"1", false, 1, NULL, 0},
		{"0000525400a10011", true, 0x525400a10011, NULL, 0},
		{"0000525400a10011", false, 0x525400a10011, NULL, 0},
		{"0000525400010011", true, 0x525400010011, NULL, 0},
		{"00:00:52:54:00:a1:00:11", false, 0x525400a10011, NULL, 0},
		{"00:00:52:54:00:A1:00:11", true, 0x525400a10011, NULL, 0},
		{"52:54:00:11:22:33:44:55", false, 0x5254001122334455, NULL, 0},
		{"0", false, 0, "1 or more", DIAG_RANGE},
		{"0x0", false, 0, "1 or more", DIAG_RANGE},
		{"18446744073709551616", false, 0, "64 bits", DIAG_RANGE},
		{"0x10000000000000000", false, 0, "at most 16 hex digits", DIAG_TYPE},
		{"0x", false, 0, "at most 16 hex digits", DIAG_TYPE},
		{"0xkvm", false, 0, "at most 16 hex digits", DIAG_TYPE},
		{"52:54:00:a1:00:11", false, 0, "write 0x525400a10011", DIAG_TYPE},
		{"00-00-52-54-00-a1-00-11", false, 0, "at most 16 hex digits", DIAG_TYPE},
		{"00:00:52:54:00:a1:00:1g", false, 0, "at most 16 hex digits", DIAG_TYPE},
		{"525400a10011", false, 0, "at most 16 hex digits", DIAG_TYPE},
		{"12", true, 0, "at most 16 hex digits", DIAG_TYPE},
		{"9.0520746852369e+13", false, 0, "digits may be lost", DIAG_YAML11},
		{"5254e0010011", false, 0, "digits may be lost", DIAG_YAML11},
		{"0000525400e10011", false, 0, "digits may be lost", DIAG_YAML11},
		{"0000525400e10011", true, 0x525400e10011, NULL, 0},
		{".inf", false, 0, "digits may be lost", DIAG_YAML11},
		{"0000525400010011", false, 0, "decimal or hex", DIAG_YAML11},
		{"1234567890123456", false, 0, "decimal or hex", DIAG_YAML11},
		{"0123", false, 0, "octal", DIAG_YAML11},
		{"kvm1", false, 0, "at most 16 hex digits", DIAG_TYPE},
		{"", false, 0, "has no value", DIAG_TYPE},
	};

	(void) state;
	judge_all(cases, N(cases), scalar_dpid);
}

static void test_mac(void **state)
{
	static const struct number_case cases[] = {
		{"52:54:00:aa:00:20", false, 0x525400aa0020, NULL, 0},
		{"52:54:00:AA:00:20", true, 0x525400aa0020, NULL, 0},
		{"52-54-00-aa-00-20", false, 0x525400aa0020, NULL, 0},
		{"52:54:00:12:34:56", false, 0x525400123456, NULL, 0},
		/* ((((52*60 + 54)*60 + 0)*60 + 12)*60 + 34)*60 + 56 */
		{"41135085296", false, 0, "52:54:00:12:34:56", DIAG_YAML11},
		{"7776000000", false, 0, "10:00:00:00:00:00", DIAG_YAML11},
		{"7775999999", false, 0, "write a MAC address", DIAG_TYPE},
		{"77759999999", false, 0, "99:59:59:59:59:59", DIAG_YAML11},
		{"77760000000", false, 0, "write a MAC address", DIAG_TYPE},
		{"41135085296", true, 0, "write a MAC address", DIAG_TYPE},
		{"52:54:00-aa:00:20", false, 0, "write a MAC address", DIAG_TYPE},
		{"5:54:00:aa:00:20", false, 0, "write a MAC address", DIAG_TYPE},
		{"52:54:00:aa:00:20:01", false, 0, "write a MAC address", DIAG_TYPE},
		{"5254.00aa.0020", false, 0, "write a MAC address", DIAG_TYPE},
		{"~", false, 0, "has no value", DIAG_TYPE},
	};

	(void) state;
	judge_all(cases, N(cases), scalar_mac);
}

static bool read_duration(struct scalar in, uint64_t *value, struct complaint *complaint)
{
	return scalar_duration(in, 5, 65535, value, complaint);
}

static void test_duration(void **state)
{
	static const struct number_case cases[] = {
		{"300s", false, 300, NULL, 0},
		{"300s", true, 300, NULL, 0},
		{"5m", false, 300, NULL, 0},
		{"18h", false, 64800, NULL, 0},
		{"0", false, 0, NULL, 0},
		{"0s", false, 0, NULL, 0},
		{"5s", false, 5, NULL, 0},
		{"65535s", false, 65535, NULL, 0},
		{"4s", false, 0, "5s to 65535s, or 0", DIAG_RANGE},
		{"1d", false, 0, "5s to 65535s", DIAG_RANGE},
		{"999999999999999999999d", false, 0, "5s to 65535s", DIAG_RANGE},
		{"213503982334602d", false, 0, "5s to 65535s", DIAG_RANGE},
		{"300", false, 0, "write 300s", DIAG_TYPE},
		{"05s", false, 0, "leading zero", DIAG_TYPE},
		{"5:00", false, 0, "like 300s", DIAG_TYPE},
		{"5 m", false, 0, "like 300s", DIAG_TYPE},
		{"5min", false, 0, "like 300s", DIAG_TYPE},
		{"1.5h", false, 0, "like 300s", DIAG_TYPE},
		{"s", false, 0, "like 300s", DIAG_TYPE},
		{"-5s", false, 0, "like 300s", DIAG_TYPE},
		{"1h30m", false, 0, "like 300s", DIAG_TYPE},
		{"", false, 0, "has no value", DIAG_TYPE},
	};

	(void) state;
	judge_all(cases, N(cases), read_duration);
}

static void test_rate(void **state)
{
	static const struct number_case cases[] = {
		{"10Gbit", false, UINT64_C(10000000000), NULL, 0},
		{"2.5Gbit", false, UINT64_C(2500000000), NULL, 0},
		{"100Mbit", false, 100000000, NULL, 0},
		{"0.125kbit", false, 125, NULL, 0},
		{"64kbit", false, 64000, NULL, 0},
		{"1bit", false, 1, NULL, 0},
		{"1Tbit", false, UINT64_C(1000000000000), NULL, 0},
		{"0Gbit", false, 0, "more than nothing", DIAG_RANGE},
		{"99999999999Gbit", false, 0, "too much", DIAG_RANGE},
		{"99999999999999999999bit", false, 0, "too much", DIAG_RANGE},
		{"1.5bit", false, 0, "like 10Gbit", DIAG_TYPE},
		{"1.2345Gbit", false, 0, "like 10Gbit", DIAG_TYPE},
		{"1.Gbit", false, 0, "like 10Gbit", DIAG_TYPE},
		{".5Gbit", false, 0, "like 10Gbit", DIAG_TYPE},
		{"10gbit", false, 0, "like 10Gbit", DIAG_TYPE},
		{"10", false, 0, "like 10Gbit", DIAG_TYPE},
		{"10Gbps", false, 0, "like 10Gbit", DIAG_TYPE},
		{"Gbit", false, 0, "like 10Gbit", DIAG_TYPE},
		{"", false, 0, "has no value", DIAG_TYPE},
	};

	(void) state;
	judge_all(cases, N(cases), scalar_rate);
}

/* What is written out can be read again, and is as short as can be. */
static void test_rate_text(void **state)
{
	static const char *const texts[] = {
		"1bit", "999bit", "1kbit", "1.001kbit", "1234.567kbit", "64kbit", "100Mbit", "2.5Gbit", "2.125Gbit", "2.05Gbit",
		"10Gbit", "999.999Mbit", "1Tbit", "18446Tbit", "1844674.073Tbit",
	};

	(void) state;
	for (size_t i = 0; i < N(texts); i++) {
		struct complaint complaint;
		uint64_t value;
		char text[32];

		assert_true(scalar_rate((struct scalar) {texts[i], false}, &value, &complaint));
		scalar_rate_text(value, text);
		assert_string_equal(text, texts[i]);
	}
}

static bool read_delay(struct scalar in, uint64_t *value, struct complaint *complaint)
{
	return scalar_delay(in, 5, 1000000, value, complaint);
}

static void test_delay(void **state)
{
	static const struct number_case cases[] = {
		{"20ms", false, 20000, NULL, 0},
		{"5us", false, 5, NULL, 0},
		{"1s", false, 1000000, NULL, 0},
		{"4us", false, 0, "5us to 1000000us", DIAG_RANGE},
		{"2s", false, 0, "5us to 1000000us", DIAG_RANGE},
		{"99999999999999999s", false, 0, "5us to 1000000us", DIAG_RANGE},
		{"99999999999999999999s", false, 0, "5us to 1000000us", DIAG_RANGE},
		{"20", false, 0, "like 20ms", DIAG_TYPE},
		{"1.5ms", false, 0, "like 20ms", DIAG_TYPE},
		{"020ms", false, 0, "like 20ms", DIAG_TYPE},
		{"5m", false, 0, "like 20ms", DIAG_TYPE},
		{"ms", false, 0, "like 20ms", DIAG_TYPE},
		{"", false, 0, "has no value", DIAG_TYPE},
	};

	(void) state;
	judge_all(cases, N(cases), read_delay);
}

static void test_percent(void **state)
{
	static const struct number_case cases[] = {
		{"70%", false, 70, NULL, 0},
		{"0%", false, 0, NULL, 0},
		{"100%", true, 100, NULL, 0},
		{"101%", false, 0, "0% to 100%", DIAG_RANGE},
		{"70", false, 0, "like 70%", DIAG_TYPE},
		{"%", false, 0, "like 70%", DIAG_TYPE},
		{"7.5%", false, 0, "like 70%", DIAG_TYPE},
		{"null", false, 0, "has no value", DIAG_TYPE},
	};

	(void) state;
	judge_all(cases, N(cases), scalar_percent);
}

static void test_bool(void **state)
{
	static const struct number_case cases[] = {
		{"true", false, true, NULL, 0},
		{"false", false, false, NULL, 0},
		{"True", false, 0, "write true", DIAG_TYPE},
		{"FALSE", false, 0, "write false", DIAG_TYPE},
		{"yes", false, 0, "write true", DIAG_TYPE},
		{"No", false, 0, "write false", DIAG_TYPE},
		{"on", false, 0, "write true", DIAG_TYPE},
		{"off", false, 0, "write false", DIAG_TYPE},
		{"y", false, 0, "write true", DIAG_TYPE},
		{"true", true, 0, "write true without quotes", DIAG_TYPE},
		{"1", false, 0, "write true or false", DIAG_TYPE},
		{"maybe", false, 0, "write true or false", DIAG_TYPE},
		{"", false, 0, "has no value", DIAG_TYPE},
	};

	(void) state;
	for (size_t i = 0; i < N(cases); i++) {
		for (int before = 0; before < 2; before++) {
			struct scalar in = {cases[i].text, cases[i].is_quoted};
			struct complaint complaint;
			bool value = before;
			bool is_good = scalar_bool(in, &value, &complaint);

			judge(&cases[i], is_good, is_good ? value : 4711, &complaint);
			if (!is_good)
				assert_int_equal(value, before);
		}
	}
}

struct text_case {
	const char *text;
	bool is_quoted;
	const char *value;              /* null: refused */
	const char *complaint;
	enum diag_code code;
};

static void judge_text(const struct text_case *c, bool is_good, const char *value,
		       const struct complaint *complaint)
{
	if (is_good != !!c->value)
		fail_msg("\"%s\": %s", c->text, is_good ? "was read" : complaint->text);
	if (is_good)
		assert_string_equal(value, c->value);
	else if (!strstr(complaint->text, c->complaint) || complaint->code != c->code)
		fail_msg("\"%s\": \"%s\" (%s) lacks \"%s\" (%s)", c->text, complaint->text,
			 diag_code_info(complaint->code)->code, c->complaint,
			 diag_code_info(c->code)->code);
}

static void judge_texts(const struct text_case *cases, size_t n, bool (*read)(struct scalar, char *, struct complaint *))
{
	for (size_t i = 0; i < n; i++) {
		struct complaint complaint;
		char value[200] = "";
		bool is_good = read((struct scalar) {cases[i].text, cases[i].is_quoted}, value, &complaint);

		judge_text(&cases[i], is_good, value, &complaint);
	}
}

static void test_address(void **state)
{
	static const struct text_case cases[] = {
		{"10.0.0.11", false, "10.0.0.11", NULL, 0},
		{"2001:DB8:0:0::11", false, "2001:db8::11", NULL, 0},
		{"::1", true, "::1", NULL, 0},
		{"10.0.0", false, NULL, "IPv4 or IPv6", DIAG_TYPE},
		{"10.0.0.256", false, NULL, "IPv4 or IPv6", DIAG_TYPE},
		{"10.0.0.011", false, NULL, "IPv4 or IPv6", DIAG_TYPE},
		{"10.0.0.0/8", false, NULL, "without /", DIAG_TYPE},
		{"fe80::1%eth0", false, NULL, "IPv4 or IPv6", DIAG_TYPE},
		{"", false, NULL, "has no value", DIAG_TYPE},
	};

	(void) state;
	judge_texts(cases, N(cases), scalar_address);
}

static void test_prefix(void **state)
{
	static const struct text_case cases[] = {
		{"192.168.20.0/24", false, "192.168.20.0/24", NULL, 0},
		{"0.0.0.0/0", false, "0.0.0.0/0", NULL, 0},
		{"10.1.2.3/32", false, "10.1.2.3/32", NULL, 0},
		{"10.128.0.0/9", false, "10.128.0.0/9", NULL, 0},
		{"2001:DB8::/33", false, "2001:db8::/33", NULL, 0},
		{"2001:db8::1/128", false, "2001:db8::1/128", NULL, 0},
		{"192.168.20.1/24", false, NULL, "write 192.168.20.0/24", DIAG_RANGE},
		{"10.128.0.0/8", false, NULL, "write 10.0.0.0/8", DIAG_RANGE},
		{"10.0.0.1/0", false, NULL, "write 0.0.0.0/0", DIAG_RANGE},
		{"2001:db8::1/64", false, NULL, "write 2001:db8::/64", DIAG_RANGE},
		{"192.168.20.0/33", false, NULL, "at most 32", DIAG_RANGE},
		{"2001:db8::/129", false, NULL, "at most 128", DIAG_RANGE},
		{"192.168.20.0", false, NULL, "write a prefix", DIAG_TYPE},
		{"192.168.20.0/", false, NULL, "write a prefix", DIAG_TYPE},
		{"192.168.20.0/024", false, NULL, "write a prefix", DIAG_TYPE},
		{"192.168.20.0/255.255.255.0", false, NULL, "write a prefix", DIAG_TYPE},
		{"192.168.20/24", false, NULL, "no IPv4 address", DIAG_TYPE},
		{"2001:db8/32", false, NULL, "no IPv6 address", DIAG_TYPE},
		{"/24", false, NULL, "no IPv4 address", DIAG_TYPE},
		{"~", false, NULL, "has no value", DIAG_TYPE},
	};

	(void) state;
	judge_texts(cases, N(cases), scalar_prefix);
}

static bool read_name(struct scalar in, char *value, struct complaint *complaint)
{
	(void) value;
	return scalar_name(in, complaint);
}

static void test_name(void **state)
{
	static const char longest[] = "a23456789012345678901234567890123456789012345678901234567890123";
	static const char longer[] = "a234567890123456789012345678901234567890123456789012345678901234";
	static const struct text_case cases[] = {
		{"kvm1", false, "", NULL, 0},
		{"a.b-c_D", false, "", NULL, 0},
		{"7", false, "", NULL, 0},
		{"on", true, "", NULL, 0},
		{"1e3", true, "", NULL, 0},
		{"10.20", true, "", NULL, 0},
		{longest, false, "", NULL, 0},
		{longer, false, NULL, "64 characters", DIAG_NAME},
		{"", true, NULL, "is empty", DIAG_NAME},
		{"-a", false, NULL, "cannot be a name", DIAG_NAME},
		{".a", false, NULL, "cannot be a name", DIAG_NAME},
		{"a b", false, NULL, "cannot be a name", DIAG_NAME},
		{"kvm:1", false, NULL, "cannot be a name", DIAG_NAME},
		{"kvm*", false, NULL, "cannot be a name", DIAG_NAME},
		{"\xc3\xbc", false, NULL, "cannot be a name", DIAG_NAME},
		{"on", false, NULL, "yes, no, on and off", DIAG_YAML11},
		{"True", false, NULL, "yes, no, on and off", DIAG_YAML11},
		{"null", false, NULL, "rewrite it", DIAG_YAML11},
		{"010", false, NULL, "octal", DIAG_YAML11},
		{"0x1f", false, NULL, "in decimal", DIAG_YAML11},
		{"1_0", false, NULL, "in decimal", DIAG_YAML11},
		{"1e3", false, NULL, "decimal fraction", DIAG_YAML11},
		{"10.20", false, NULL, "decimal fraction", DIAG_YAML11},
		{"2024-01-01", false, NULL, "a date", DIAG_YAML11},
	};

	(void) state;
	judge_texts(cases, N(cases), read_name);
}

static bool read_port(struct scalar in, char *value, struct complaint *complaint)
{
	size_t sw_len, port_len;
	bool is_good = scalar_port(in, &sw_len, &port_len, complaint);

	if (is_good)
		sprintf(value, "%.*s|%.*s", (int) sw_len, in.text, (int) port_len, in.text + sw_len + 1);
	return is_good;
}

static void test_port(void **state)
{
	static const struct text_case cases[] = {
		{"kvm1:vm-a", false, "kvm1|vm-a", NULL, 0},
		{"*:*", true, "*|*", NULL, 0},
		{"kvm?:vnet1.5_@+=#%~", false, "kvm?|vnet1.5_@+=#%~", NULL, 0},
		{"12:30", false, "12|30", NULL, 0},
		{"750", false, NULL, "12:30", DIAG_YAML11},
		{"60", false, NULL, "1:00", DIAG_YAML11},
		{"59", false, NULL, "write switch:port", DIAG_PORT_SYNTAX},
		{"750", true, NULL, "write switch:port", DIAG_PORT_SYNTAX},
		{"vm-a", false, NULL, "write switch:port", DIAG_PORT_SYNTAX},
		{":a", false, NULL, "the switch is missing", DIAG_PORT_SYNTAX},
		{"kvm1:", false, NULL, "the port is missing", DIAG_PORT_SYNTAX},
		{":", false, NULL, "is missing", DIAG_PORT_SYNTAX},
		{"a:b:c", false, NULL, "cannot have \":\"", DIAG_PORT_SYNTAX},
		{"a:[b]", false, NULL, "cannot have \"[\"", DIAG_PORT_SYNTAX},
		{"a b:c", false, NULL, "cannot have \" \"", DIAG_PORT_SYNTAX},
		{"-a:b", false, NULL, "starts with", DIAG_PORT_SYNTAX},
		{"a:1234567890123456789012345678901234567890123456789012345678901234", false, NULL,
		 "longer than 63", DIAG_PORT_SYNTAX},
		{"", false, NULL, "has no value", DIAG_TYPE},
	};

	(void) state;
	judge_texts(cases, N(cases), read_port);
}

static bool read_text(struct scalar in, char *value, struct complaint *complaint)
{
	(void) value;
	return scalar_text(in, complaint);
}

static void test_text(void **state)
{
	static const struct text_case cases[] = {
		{"a room", false, "", NULL, 0},
		{"", true, "", NULL, 0},
		{"10", true, "", NULL, 0},
		{"two\nlines\tand \xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xa6", true, "", NULL, 0},
		{"10", false, NULL, "write it in quotes: \"10\"", DIAG_TYPE},
		{"no", false, NULL, "write it in quotes: \"no\"", DIAG_TYPE},
		{"2024-01-01", false, NULL, "a date", DIAG_TYPE},
		{"", false, NULL, "has no value", DIAG_TYPE},
		{"bell \a", true, NULL, "U+0007", DIAG_TYPE},
		{"nel \xc2\x85", true, NULL, "U+0085", DIAG_TYPE},
		{"separator \xe2\x80\xa8", true, NULL, "U+2028", DIAG_TYPE},
		{"bom \xef\xbb\xbf", true, NULL, "U+FEFF", DIAG_TYPE},
		{"none \xf0\x9f\xbf\xbe", true, NULL, "U+1FFFE", DIAG_TYPE},
	};

	(void) state;
	judge_texts(cases, N(cases), read_text);
}

/* YAML 1.1 as PyYAML's resolver has it, and some that only look like it. */
static void test_guess(void **state)
{
	static const struct {
		const char *text;
		enum scalar_guess guess;
	} cases[] = {
		{"", SCALAR_NULL}, {"~", SCALAR_NULL}, {"Null", SCALAR_NULL}, {"nULL", SCALAR_STRING},
		{"y", SCALAR_BOOL}, {"Off", SCALAR_BOOL}, {"oN", SCALAR_STRING}, {"yess", SCALAR_STRING},
		{"0", SCALAR_INT}, {"12", SCALAR_INT}, {"-12", SCALAR_INT}, {"1_2", SCALAR_INT},
		{"0x1F", SCALAR_INT}, {"0xg", SCALAR_STRING}, {"0x", SCALAR_STRING}, {"_1", SCALAR_STRING},
		{"012", SCALAR_OCTAL}, {"00", SCALAR_OCTAL}, {"08", SCALAR_OCTAL}, {"0b101", SCALAR_OCTAL},
		{"0o17", SCALAR_OCTAL}, {"+07", SCALAR_OCTAL},
		{"1.5", SCALAR_FLOAT}, {".5", SCALAR_FLOAT}, {"1.", SCALAR_FLOAT}, {"1e3", SCALAR_FLOAT},
		{"1.0e+3", SCALAR_FLOAT}, {"1E-3", SCALAR_FLOAT}, {"1e", SCALAR_STRING}, {".", SCALAR_STRING},
		{"e3", SCALAR_STRING}, {"1.2.3", SCALAR_STRING}, {"-.inf", SCALAR_FLOAT},
		{".NaN", SCALAR_FLOAT}, {"inf", SCALAR_STRING},
		{"1:30", SCALAR_SEXAGESIMAL}, {"52:54:00:12:34:56", SCALAR_SEXAGESIMAL},
		{"52:54:00:aa:34:56", SCALAR_STRING}, {"52:60", SCALAR_STRING}, {"02:54", SCALAR_STRING},
		{"1:300", SCALAR_STRING}, {"1:", SCALAR_STRING}, {":30", SCALAR_STRING},
		{"2024-01-01", SCALAR_DATE}, {"2024-01-01T10:00:00Z", SCALAR_DATE},
		{"2024-1-1", SCALAR_STRING}, {"2024-01-01x", SCALAR_STRING},
		{"kvm1", SCALAR_STRING}, {"10.0.0.1", SCALAR_STRING}, {"-", SCALAR_STRING},
		{"+", SCALAR_STRING}, {"kvm1:vm-a", SCALAR_STRING}, {"-a", SCALAR_STRING},
	};

	(void) state;
	for (size_t i = 0; i < N(cases); i++) {
		enum scalar_guess guess = scalar_guess(cases[i].text);

		if (guess != cases[i].guess)
			fail_msg("\"%s\" is taken for %s, not %s", cases[i].text, scalar_guess_name(guess),
				 scalar_guess_name(cases[i].guess));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uint), cmocka_unit_test(test_dpid), cmocka_unit_test(test_mac),
		cmocka_unit_test(test_duration), cmocka_unit_test(test_rate),
		cmocka_unit_test(test_rate_text), cmocka_unit_test(test_delay),
		cmocka_unit_test(test_percent), cmocka_unit_test(test_bool),
		cmocka_unit_test(test_address), cmocka_unit_test(test_prefix), cmocka_unit_test(test_name),
		cmocka_unit_test(test_port), cmocka_unit_test(test_text), cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests_name("scalar", tests, NULL, NULL);
}
