/* SPDX-License-Identifier: Apache-2.0 */
/* freeze.h: draft -> struct settings. Private to monitor/settings. */
#ifndef REGIONSHIFT_SETTINGS_FREEZE_H
#define REGIONSHIFT_SETTINGS_FREEZE_H

#include "inspect.h"

/* Fills in->frozen->settings from in->frozen->draft; names that name nothing are reported and left
 * out. Returns 0, or -1 only when out of memory. */
int freeze(struct inspection *in, const char *probe);

/* Its parts, in the order they are done. */
int freeze_services(struct inspection *in, struct service **ret_services);
int freeze_checks(struct inspection *in, const struct draft_site *from, uint32_t site,
                  struct check *checks);
int freeze_assertion(struct inspection *in, uint32_t index, struct check *check);
int freeze_groups(struct inspection *in, struct service *services);

/* Zeroed memory in the settings' arena, NULL when out of it. */
void *freeze_take(struct inspection *in, size_t count, size_t size);

/* Index of a text, NONE when it is not among them. */
uint32_t freeze_find(const char *const *texts, uint32_t count, const char *text);

/* Index of a hosted zone, NONE when no record is in it. */
uint32_t freeze_zone(const struct settings *settings, const char *id);

/* What the shell needs of a URL; all empty for a text that is none. */
struct frozen_url {
    const char *host;
    const char *target;
    uint16_t port;
    bool tls; /* of the scheme: https, tls, grpcs, wss */
};
int freeze_url(struct inspection *in, const char *text, struct frozen_url *ret_url);

#endif
