/* SPDX-License-Identifier: Apache-2.0 */
/* store_json.h: the values of the store's keys (keys.h), from structs to JSON and back.
 *
 * Values carry names, never indices, so that probes whose settings differ can read each other, and
 * a version ("v":1, store_form.h). What cannot be read is refused with a sentence, never guessed
 * at, and never taken for something that is not there.
 *
 * Writers return the length without the NUL, or -1 when it does not fit. Readers return 0, or the
 * form the value has (outcome.h) with a sentence in error; outputs are untouched then. */
#ifndef REGIONSHIFT_STORE_JSON_H
#define REGIONSHIFT_STORE_JSON_H

#include <jansson.h>

#include "decision.h"
#include "event.h"
#include "order.h"
#include "settings.h"
#include "vote.h"

enum { VALUE_ERROR_SIZE = 320 }; /* room enough for any sentence of a reader */

/* A vote: {"v":1,"fingerprint":"6f..","blind":"no","states":"ud","failures":"-c"}.
 * Reading needs the probe and the group of the key. A vote made under other settings is read too,
 * because A2 wants it named "other settings": its vectors may have another length and mean nothing
 * here, so its states are all '?'. ret_vote is one block: free(). */
int vote_write(const struct vote *vote, char *out, size_t size);
int vote_read(const struct settings *settings, uint32_t probe, uint32_t group, const char *text,
              size_t length, struct vote **ret_vote, char *error, size_t error_size);

/* A decision: {"v":1,"group":"jwt-pizza","epoch":7,"kind":"leave","by":"use1","at":..,"moved":..,
 * "weights":{"pizza/us-east-1":0,..},"normal":{..},"base_epoch":6,"base":{..},"voters":["use1",..],
 * "left":["us-east-1"],"order":"","override":false,"reason":".."}. Every site of the group must be
 * named, and no other: weights of unknown sites are nothing to be guessed at. ret_decision is one
 * block: free(). */
int decision_write(const struct settings *settings, const struct decision *decision, char *out,
                   size_t size);
int decision_read(const struct settings *settings, uint32_t group, const char *text, size_t length,
                  struct decision **ret_decision, char *error, size_t error_size);

/* An order: {"v":1,"verb":"drain","region":"us-east-1","group":"","incident":"","override":false,
 * "by":"root (uid 0)","reason":"..","at":..,"until":0,"obeyed":[{"group":"jwt-pizza","epoch":7}]}.
 * The id comes from the key, the revisions from the item; the reader leaves revisions 0. Marks of
 * groups that these settings do not know are passed over: no decision of ours depends on them.
 * VALUE_FOREIGN: its region or group is none of ours. */
int order_write(const struct settings *settings, const struct order *order, char *out, size_t size);
/* The standing text of an order with other marks and another end, and nothing else changed. */
int order_amend(const struct settings *settings, const struct order *order, const char *standing,
                size_t length, char *out, size_t size);
int order_read(const struct settings *settings, const char *id, const char *text, size_t length,
               struct order *ret_order, char *error, size_t error_size);

/* The ledger of moves (D6): {"v":1,"moves":[1700000000000,..]}, oldest first. */
int budget_write(const wall_t *moves, uint32_t count, char *out, size_t size);
int budget_read(const char *text, size_t length, wall_t ret_moves[BUDGET_MAX], uint32_t *ret_count,
                char *error, size_t error_size);

/* Suspects (V2): {"v":1,"sites":["pizza/us-east-1",..]}. A hint only, so names which these settings
 * do not know are passed over. ret_sites has room for settings->site_count. */
int suspects_write(const struct settings *settings, const uint32_t *sites, uint32_t count,
                   char *out, size_t size);
int suspects_read(const struct settings *settings, const char *text, size_t length,
                  uint32_t *ret_sites, uint32_t *ret_count, char *error, size_t error_size);

/* The same forms as values inside another JSON text (event_text.h). NULL: out of memory. */
json_t *vote_to_json(const struct vote *vote);
json_t *decision_to_json(const struct settings *settings, const struct decision *decision);
json_t *order_to_json(const struct settings *settings, const struct order *order);
struct json_report;
struct vote *vote_from_json(const struct settings *settings, uint32_t probe, uint32_t group,
                            const json_t *value, struct json_report *report);
struct decision *decision_from_json(const struct settings *settings, uint32_t group,
                                    const json_t *value, struct json_report *report);
int order_from_json(const struct settings *settings, const char *id, const json_t *value,
                    struct json_report *report, struct order *ret_order);

#endif
