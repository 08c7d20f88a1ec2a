/* SPDX-License-Identifier: Apache-2.0 */
/* What meters have counted: OFPMP_METER replies (section 7.3.5.11). */
#include "ofproto/msg.h"
#include "ofproto/wire.h"

enum { STATS_LENGTH = 4, STATS_PACKETS = 16, STATS_BANDS = 40, BAND_STATS = 16 };

int msg_meter_stats(const uint8_t *m, size_t size, size_t *at, struct msg_meter_stats *stats)
{
	if (!*at)
		*at = MSG_MULTIPART;
	if (*at == size)
		return 0;
	if (*at > size || size - *at < STATS_BANDS)
		return -1;
	const uint8_t *entry = m + *at;
	size_t length = wire_u16(entry + STATS_LENGTH);
	if (length < STATS_BANDS || length > size - *at || (length - STATS_BANDS) % BAND_STATS)
		return -1;
	*stats = (struct msg_meter_stats) { .id = wire_u32(entry), .n_packets = wire_u64(entry + STATS_PACKETS) };
	for (size_t band = STATS_BANDS; band < length; band += BAND_STATS)
		stats->n_dropped += wire_u64(entry + band);
	*at += length;
	return 1;
}
