/* SPDX-License-Identifier: Apache-2.0 */
/* pizza_zone.h: the zone of the jwt-pizza example, and batches as the engine builds them, for tests
 * of what stands between the engine and Route 53. */
#ifndef REGIONSHIFT_TESTS_LIB_PIZZA_ZONE_H
#define REGIONSHIFT_TESTS_LIB_PIZZA_ZONE_H

#include "record.h"
#include "settings.h"

enum { PIZZA_ZONE, STRANGE_ZONE };
enum { PIZZA_GROUP, SOLO_GROUP };
enum { PIZZA_EAST, PIZZA_WEST, FACTORY_EAST, FACTORY_WEST, SOLO_EAST, SOLO_WEST, SITE_COUNT };

/* Zone ZLAB1 (example.com): group jwt-pizza with pizza and factory, group solo; two regions each.
 */
struct settings pizza_settings(void);

/* The record set of a site at 192.0.2.(10 + site), TTL 60, and a group's fence. */
struct record_set pizza_set(int site, int weight);
struct record_set pizza_fence_set(const char *fence_name, const char *const *value);

/* The zone as read: east 100, west 0, both fences at epoch 7. The caller destroys it. */
struct zone_view *pizza_view(void);

#define PIZZA_NONCE "00112233445566778899aabbccddeeff"

/* A batch in the making. Strings it needs live in it: it must not be moved or copied. */
struct move {
    struct batch batch;
    struct batch_item items[64];
    char fence_name[254];
    char new_text[FENCE_TEXT_MAX + 3];
    const char *new_value[1];
};

/* A batch of PIZZA_GROUP (or another) that replaces the view's fence by one of this epoch; the view
 * outlives it. Without a fence in the view it creates one. */
void move_begin(struct move *move, const struct settings *settings, const struct zone_view *view,
                uint32_t group, uint64_t epoch, const char *nonce);

/* DELETE what the view has for a site, CREATE it with this weight. */
void move_weight(struct move *move, const struct settings *settings, const struct zone_view *view,
                 int site, int weight);

/* One more item, as it is. */
void move_add(struct move *move, enum batch_action action, const struct record_set *set);

/* The weight a view shows for a site; -1: no such set. */
int view_weight(const struct settings *settings, const struct zone_view *view, int site);

/* The epoch of a group's fence in a view, 0: none; its nonce when out is not NULL. */
uint64_t view_epoch(const struct settings *settings, const struct zone_view *view, uint32_t group,
                    char nonce[NONCE_LENGTH + 1]);

#endif
