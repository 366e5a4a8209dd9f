/* SPDX-License-Identifier: Apache-2.0 */
/* glass.h: break-glass over HTTP (D7): what an order means while the store is away. A drain with
 * override is shown first, as an error that asks for confirmation, and goes to the engine when it
 * comes again with the fences that were shown; a restore takes back a drain that only this daemon
 * knows. */
#ifndef REGIONSHIFT_CONTROL_GLASS_H
#define REGIONSHIFT_CONTROL_GLASS_H

#include "server.h"

/* What the body of an order confirms: for each group of the settings the fence's epoch that was
 * shown, or GLASS_NOT_SHOWN. NULL: it confirms nothing. */
struct glass_confirm {
    uint64_t *fences;
};

/* Takes "break_glass" of a body; false: an error is filled. The array is the caller's. */
bool glass_body_take(struct request *request, json_t *body, const struct order *order,
                     struct glass_confirm *ret_confirm);

/* Before an order is written: true when it is for the engine alone and may go there. False, with a
 * filled reply: it may not, or has to be confirmed first. False without: it is an ordinary order.
 */
bool glass_is_meant(struct request *request, const struct order *order,
                    const struct glass_confirm *confirm);

/* Tells the engine. confirm->fences is taken over. */
void glass_tell(struct control *control, const struct order *order, struct glass_confirm *confirm);

/* Takes a local drain back. */
void glass_take_back(struct control *control, const struct order *drain);

/* What became of it: true when all groups are through; a reply is filled then, or when final. */
bool glass_look_at(const struct control_sources *now, const struct order *order);
void glass_reply(struct request *request, const struct order *order);

/* The drain of a region that only this daemon knows; NULL: none. */
const struct order *glass_local_drain(const struct engine *engine, uint32_t region);

#endif
