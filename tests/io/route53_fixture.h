/* SPDX-License-Identifier: Apache-2.0 */
/* route53_fixture.h: a client on a loop against the lab. The lab is started once for a test case
 * (route53_lab_start, unchecked fixture); each test has its zone and its client anew. */
#ifndef REGIONSHIFT_TESTS_IO_ROUTE53_FIXTURE_H
#define REGIONSHIFT_TESTS_IO_ROUTE53_FIXTURE_H

#include <uv.h>

#include "../lib/lab.h"
#include "../lib/pizza_zone.h"
#include "route53.h"

#define LAB_KEY_ID "AKIALABLABLABLABLAB1"
#define LAB_SECRET "lab/secret+key/for/tests+only/0123456789"

extern struct lab *lab;
extern uv_loop_t loop;
extern struct settings settings;
extern struct route53 *client;

/* What the last call ended with. */
struct told {
    unsigned count;
    enum route53_outcome outcome;
    struct zone_view *view; /* of the last successful read; the fixture destroys it */
    struct route53_change change;
    char server[256]; /* the first */
    uint32_t server_count;
    char message[2048];
};
extern struct told told;

void route53_lab_start(void); /* unchecked */
void route53_lab_stop(void);
void route53_set_up(void); /* zone as in pizza_zone.h, fences at epoch 7, a client, settings */
void route53_tear_down(void);

/* Lets the zone hold these record sets. */
void zone_put(int extra_count);

/* The client is made by the set-up; a test may want another one. */
void client_open(bool is_dry_run);
void client_close(void);

/* Calls, and runs the loop until the answer is told. */
enum route53_outcome do_read(void);
enum route53_outcome do_read_zone(uint32_t zone);
enum route53_outcome do_send(const struct batch *batch);
enum route53_outcome do_get_change(const char *id);
enum route53_outcome do_get_servers(void);

/* For calls whose answers are awaited later. */
void on_zone(void *context, enum route53_outcome outcome, struct zone_view *view,
             const char *message);
void on_change(void *context, enum route53_outcome outcome, const struct route53_change *change,
               const char *message);
void run_until_told(unsigned count);

/* What the zone has, asked of the lab itself. */
int lab_weight(int site);
uint64_t lab_epoch(uint32_t group);

#endif
