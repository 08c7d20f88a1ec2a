/* SPDX-License-Identifier: Apache-2.0 */
/* Words and numbers of the file: names, texts, true and false, whole numbers,
 * durations, rates, percentages. Strict: one way to write each, and a value
 * that a YAML 1.1 tool has rewritten is named as such. */
#include "topo/scalar.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "topo/scalar_complain.h"

#define DIGITS "0123456789"

bool complain(struct complaint *complaint, enum diag_code code, const char *format, ...)
{
	va_list args;

	complaint->code = code;
	va_start(args, format);
	vsnprintf(complaint->text, sizeof complaint->text, format, args);
	va_end(args);
	return false;
}

bool complain_if_null(struct scalar in, struct complaint *complaint)
{
	if (in.is_quoted || scalar_guess(in.text) != SCALAR_NULL)
		return true;
	return complain(complaint, DIAG_TYPE, "has no value; give it one or leave the key out");
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool scalar_name(struct scalar in, struct complaint *complaint)
{
	enum scalar_guess guess = in.is_quoted ? SCALAR_STRING : scalar_guess(in.text);
	size_t len = strlen(in.text);

	if (!len)
		return complain(complaint, DIAG_NAME, "is empty; a name has 1 to %d characters",
				SCALAR_MAX_NAME);
	for (size_t i = 0; i < len; i++) {
		char c = in.text[i];

		if (!is_name_start(c) && (i == 0 || !strchr("._-", c)))
			return complain(complaint, DIAG_NAME,
					"cannot be a name: use letters, digits, dot, dash and underscore, "
					"and start with a letter or digit");
	}
	if (len > SCALAR_MAX_NAME)
		return complain(complaint, DIAG_NAME, "is %zu characters long; the most is %d", len,
				SCALAR_MAX_NAME);
	if (guess == SCALAR_BOOL)
		return complain(complaint, DIAG_YAML11,
				"is what YAML 1.1 tools make of yes, no, on and off; "
				"write the name in quotes, also in the input of the tool");
	if (guess != SCALAR_STRING && guess != SCALAR_INT)
		return complain(complaint, DIAG_YAML11,
				"is %s for YAML 1.1 tools, and they rewrite it; write the name in quotes",
				scalar_guess_name(guess));
	if (guess == SCALAR_INT && strspn(in.text, DIGITS) != len)
		return complain(complaint, DIAG_YAML11,
				"is a number for YAML 1.1 tools, and they rewrite it in decimal; "
				"write the name in quotes");
	return true;
}

/* Code point of the UTF-8 character at p, which libyaml has checked. */
static uint32_t code_point(const unsigned char *p)
{
	if (p[0] < 0x80)
		return p[0];
	if (p[0] < 0xe0)
		return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	if (p[0] < 0xf0)
		return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

static bool is_printable(uint32_t c)
{
	if (c == '\n' || c == '\t')
		return true;
	return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != 0x2028 && c != 0x2029 && c != 0xfeff
	       && (c & 0xfffe) != 0xfffe;
}

bool scalar_text(struct scalar in, struct complaint *complaint)
{
	enum scalar_guess guess = in.is_quoted ? SCALAR_STRING : scalar_guess(in.text);

	if (!complain_if_null(in, complaint))
		return false;
	if (guess != SCALAR_STRING)
		return complain(complaint, DIAG_TYPE,
				"is %s for YAML tools and text is wanted; write it in quotes: \"%.60s\"",
				scalar_guess_name(guess), in.text);
	if (strlen(in.text) > SCALAR_MAX_TEXT)
		return complain(complaint, DIAG_RANGE, "is longer than %d bytes", SCALAR_MAX_TEXT);
	for (const unsigned char *p = (const unsigned char *) in.text; *p; p++) {
		if ((*p & 0xc0) != 0x80 && !is_printable(code_point(p)))
			return complain(complaint, DIAG_TYPE,
					"holds a control character (U+%04" PRIX32 ")", code_point(p));
	}
	return true;
}

bool scalar_bool(struct scalar in, bool *ret, struct complaint *complaint)
{
	static const char *const trues[] = {"true", "yes", "on", "y"};
	static const char *const falses[] = {"false", "no", "off", "n"};

	if (!complain_if_null(in, complaint))
		return false;
	if (!in.is_quoted && (!strcmp(in.text, "true") || !strcmp(in.text, "false"))) {
		*ret = in.text[0] == 't';
		return true;
	}
	for (size_t i = 0; i < sizeof trues / sizeof *trues; i++) {
		bool is_true = !strcasecmp(in.text, trues[i]);

		if (!is_true && strcasecmp(in.text, falses[i]))
			continue;
		if (in.is_quoted)
			return complain(complaint, DIAG_TYPE, "is the text \"%s\"; write %s without quotes",
					in.text, is_true ? "true" : "false");
		return complain(complaint, DIAG_TYPE, "is %s; only true and false are read: write %s",
				in.text, is_true ? "true" : "false");
	}
	return complain(complaint, DIAG_TYPE, "is \"%.60s\"; write true or false", in.text);
}

/* Decimal digits up to the first that is none; false when 64 bits are not enough. */
static bool read_digits(const char *text, size_t n, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t digit = (uint64_t) (text[i] - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

static bool complain_range(struct complaint *complaint, const char *text, uint64_t min,
			   uint64_t max)
{
	return complain(complaint, DIAG_RANGE, "is %.60s; the range is %" PRIu64 " to %" PRIu64, text,
			min, max);
}

/* What a whole number is not, in the words that help. */
bool complain_number(struct scalar in, struct complaint *complaint)
{
	enum scalar_guess guess = scalar_guess(in.text);

	if (!complain_if_null(in, complaint))
		return false;
	if (in.is_quoted && guess == SCALAR_INT)
		return complain(complaint, DIAG_TYPE,
				"is text and a number is wanted; write %.60s without quotes", in.text);
	if (guess == SCALAR_OCTAL)
		return complain(complaint, DIAG_YAML11,
				"is %.60s, and YAML 1.1 tools read a leading zero as octal; "
				"write it without the zero", in.text);
	if (guess == SCALAR_FLOAT || guess == SCALAR_SEXAGESIMAL
	    || (guess == SCALAR_INT && strchr(in.text, '_')))
		return complain(complaint, DIAG_YAML11,
				"is %.60s, %s for YAML 1.1 tools; write all digits of a whole number",
				in.text, scalar_guess_name(guess));
	return complain(complaint, DIAG_TYPE, "is \"%.60s\"; a whole number is wanted", in.text);
}

bool scalar_uint(struct scalar in, uint64_t min, uint64_t max, uint64_t *ret,
		 struct complaint *complaint)
{
	const char *digits = in.text + (in.text[0] == '-');
	size_t n = strspn(digits, DIGITS);
	uint64_t value;

	if (in.is_quoted || !n || digits[n] || (digits[0] == '0' && n > 1))
		return complain_number(in, complaint);
	if (digits != in.text || !read_digits(digits, n, &value) || value < min || value > max)
		return complain_range(complaint, in.text, min, max);
	*ret = value;
	return true;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400},
};
static const struct unit rates[] = {
	{"bit", 1}, {"kbit", 1000}, {"Mbit", 1000000}, {"Gbit", 1000000000},
	{"Tbit", 1000000000000},
};

static const struct unit packets[] = {
	{"pps", 1}, {"kpps", 1000}, {"Mpps", 1000000},
};

static uint64_t unit_factor(const struct unit *units, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(units[i].name, name))
			return units[i].factor;
	return 0;
}

bool scalar_duration(struct scalar in, uint64_t min, uint64_t max, uint64_t *ret,
		     struct complaint *complaint)
{
	size_t n = strspn(in.text, DIGITS);
	uint64_t factor = unit_factor(durations, sizeof durations / sizeof *durations, in.text + n);
	uint64_t value;

	if (!complain_if_null(in, complaint))
		return false;
	if (!strcmp(in.text, "0"))
		factor = 1;
	else if (n && !in.text[n])
		return complain(complaint, DIAG_TYPE, "is %.60s without a unit; write %.60ss", in.text,
				in.text);
	if (!n || !factor)
		return complain(complaint, DIAG_TYPE,
				"is \"%.60s\"; write a whole number with s, m, h or d, like 300s or 5m",
				in.text);
	if (n > 1 && in.text[0] == '0')
		return complain(complaint, DIAG_TYPE, "is %.60s; write it without the leading zero",
				in.text);
	if (!read_digits(in.text, n, &value) || value > UINT64_MAX / factor
	    || (value && value * factor < min) || value * factor > max)
		return complain(complaint, DIAG_RANGE, "is %.60s; the range is %" PRIu64 "s to %" PRIu64
				"s, or 0", in.text, min, max);
	*ret = value * factor;
	return true;
}

bool scalar_rate(struct scalar in, uint64_t *ret, struct complaint *complaint)
{
	size_t n = strspn(in.text, DIGITS), n_fraction = 0;
	const char *fraction = in.text + n, *unit = fraction;
	uint64_t value, thousandths = 0;

	if (!complain_if_null(in, complaint))
		return false;
	if (*fraction == '.') {
		fraction++;
		n_fraction = strspn(fraction, DIGITS);
		unit = fraction + n_fraction;
	}
	uint64_t factor = unit_factor(rates, sizeof rates / sizeof *rates, unit);
	if (!n || !factor || (unit[-1] == '.') || n_fraction > 3 || (n_fraction && factor < 1000))
		return complain(complaint, DIAG_TYPE,
				"is \"%.60s\"; write a number with bit, kbit, Mbit, Gbit or Tbit, "
				"like 10Gbit", in.text);
	for (size_t i = 0; i < 3; i++)
		thousandths = thousandths * 10 + (i < n_fraction ? (uint64_t) (fraction[i] - '0') : 0);
	if (!read_digits(in.text, n, &value) || value >= UINT64_MAX / factor - 1)
		return complain(complaint, DIAG_RANGE, "is %.60s; that is too much", in.text);
	value = value * factor + thousandths * (factor / 1000);
	if (!value)
		return complain(complaint, DIAG_RANGE, "is %.60s; it must be more than nothing", in.text);
	*ret = value;
	return true;
}

void scalar_rate_text(uint64_t bits, char out[32])
{
	size_t n = sizeof rates / sizeof *rates;

	/* What was written with three digits after the point can be written so again. */
	for (size_t i = n; i-- > 0;) {
		uint64_t factor = rates[i].factor, rest = bits % factor;

		if (bits < factor || rest % (factor < 1000 ? 1 : factor / 1000))
			continue;
		unsigned thousandths = factor < 1000 ? 0 : (unsigned) (rest / (factor / 1000));
		int digits = !thousandths ? 0 : thousandths % 10 ? 3 : thousandths % 100 ? 2 : 1;
		if (!digits)
			snprintf(out, 32, "%" PRIu64 "%s", bits / factor, rates[i].name);
		else
			snprintf(out, 32, "%" PRIu64 ".%0*u%s", bits / factor, digits,
				 digits == 3 ? thousandths : digits == 2 ? thousandths / 10 : thousandths / 100,
				 rates[i].name);
		return;
	}
	snprintf(out, 32, "%" PRIu64 "bit", bits);
}

static const struct unit delays[] = {
	{"us", 1}, {"ms", 1000}, {"s", 1000000},
};

bool scalar_delay(struct scalar in, uint64_t min, uint64_t max, uint64_t *ret, struct complaint *complaint)
{
	size_t n = strspn(in.text, DIGITS);
	uint64_t factor = unit_factor(delays, sizeof delays / sizeof *delays, in.text + n);
	uint64_t value;

	if (!complain_if_null(in, complaint))
		return false;
	if (!n || !factor || (n > 1 && in.text[0] == '0'))
		return complain(complaint, DIAG_TYPE, "is \"%.60s\"; write a whole number with us, ms or s, like 20ms",
				in.text);
	if (!read_digits(in.text, n, &value) || value > UINT64_MAX / factor || value * factor < min
	    || value * factor > max)
		return complain(complaint, DIAG_RANGE, "is %.60s; the range is %" PRIu64 "us to %" PRIu64 "us", in.text,
				min, max);
	*ret = value * factor;
	return true;
}

bool scalar_packets(struct scalar in, uint64_t min, uint64_t max, uint64_t *ret, struct complaint *complaint)
{
	size_t n = strspn(in.text, DIGITS);
	uint64_t factor = unit_factor(packets, sizeof packets / sizeof *packets, in.text + n);
	uint64_t value;

	if (!complain_if_null(in, complaint))
		return false;
	if (n && !in.text[n])
		return complain(complaint, DIAG_TYPE, "is %.60s without a unit; write %.60spps", in.text, in.text);
	if (!n || !factor)
		return complain(complaint, DIAG_TYPE,
				"is \"%.60s\"; write a whole number with pps, kpps or Mpps, like 1000pps, or none", in.text);
	if (in.text[0] == '0' && n > 1)
		return complain(complaint, DIAG_TYPE, "is %.60s; write it without the leading zero", in.text);
	if (!read_digits(in.text, n, &value) || value > UINT64_MAX / factor || value * factor < min || value * factor > max)
		return complain(complaint, DIAG_RANGE, "is %.60s; the range is %" PRIu64 "pps to %" PRIu64 "pps, or none",
				in.text, min, max);
	*ret = value * factor;
	return true;
}

bool scalar_percent(struct scalar in, uint64_t *ret, struct complaint *complaint)
{
	size_t n = strspn(in.text, DIGITS);
	uint64_t value;

	if (!complain_if_null(in, complaint))
		return false;
	if (!n || strcmp(in.text + n, "%"))
		return complain(complaint, DIAG_TYPE, "is \"%.60s\"; write a whole number with %%, like 70%%",
				in.text);
	if (!read_digits(in.text, n, &value) || value > 100)
		return complain(complaint, DIAG_RANGE, "is %.60s; the range is 0%% to 100%%", in.text);
	*ret = value;
	return true;
}
