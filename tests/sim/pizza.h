/* SPDX-License-Identifier: Apache-2.0 */
/* pizza.h: the settings of the traces: JWT Pizza in two regions, three probes, and the few lines in
 * which most traces begin. */
#ifndef REGIONSHIFT_TESTS_SIM_PIZZA_H
#define REGIONSHIFT_TESTS_SIM_PIZZA_H

#include <check.h>

#include "../lib/suite.h"
#include "world.h"

/* Which probe is which. */
enum { USE1, USW2, FRA };

#define PIZZA_PROBES                                                                               \
    "probe = { references = ( \"dns:198.41.0.4\" ); };\n"                                          \
    "quorum = { down = 2; up = 2; vantages = 2; owners = 1; probes = (\n"                          \
    "  { name = \"use1\"; vantage = \"aws/us-east-1\"; may_act = true; },\n"                       \
    "  { name = \"usw2\"; vantage = \"aws/us-west-2\"; may_act = true; },\n"                       \
    "  { name = \"fra\"; vantage = \"hetzner/fra1\"; may_act = false; } ); };\n"                   \
    "checks = { interval = 10; timeout = 3; retry = 1; fall = 3; rise = 2; };\n"

#define PIZZA_SITE(service, region, weight, n)                                                     \
    "{ region = \"" region "\"; weight = " weight "; set = \"" service "-" region                  \
    "\"; value = \"192.0.2." n "\"; checks = ( { url = \"http://" n "." service                    \
    ".test/health\"; } ); }"

#define PIZZA_SERVICE(service, zone, east, west, n)                                                \
    "{ name = \"" service "\"; zone = \"" zone "\"; record = \"" service                           \
    ".example.com\"; type = \"A\"; ttl = 60; sites = (" PIZZA_SITE(                                \
        service, "us-east-1", east, n "0") "," PIZZA_SITE(service, "us-west-2", west,              \
                                                          n "1") "); }"

#define PIZZA_SERVICES                                                                             \
    "services = (" PIZZA_SERVICE("pizza", "ZONE1", "100", "0", "1") "," PIZZA_SERVICE(             \
        "factory", "ZONE1", "100", "0", "2") ");\n"

/* extra: more keys of the group, "hold = 20;". */
#define PIZZA_GROUP(extra)                                                                         \
    "groups = ( { name = \"jwt-pizza\"; services = [ \"pizza\", \"factory\" ]; together = true; "  \
    "order = [ \"us-east-1\", \"us-west-2\" ]; stable = 60; " extra " } );\n"

#define PIZZA(extra) PIZZA_PROBES PIZZA_SERVICES PIZZA_GROUP(extra)

/* Each service by itself. */
#define PIZZA_APART(extra)                                                                         \
    PIZZA_PROBES PIZZA_SERVICES "groups = ( { name = \"jwt-pizza\"; services = [ \"pizza\", "      \
                                "\"factory\" ]; together = false; "                                \
                                "order = [ \"us-east-1\", \"us-west-2\" ]; stable = 60; " extra    \
                                " } );\n"

/* Two hosted zones: the factory lives in another one. */
#define PIZZA_TWO_ZONES(extra)                                                                     \
    PIZZA_PROBES                                                                                   \
    "services = (" PIZZA_SERVICE("pizza", "ZONE1", "100", "0", "1") "," PIZZA_SERVICE(             \
        "factory", "ZONE2", "100", "0", "2") ");\n" PIZZA_GROUP(extra)

/* What a trace of decisions and changes is made of. */
#define TRACE_MOVES                                                                                \
    (WORLD_TRACE(FACT_PROPOSED) | WORLD_TRACE(FACT_DECIDED) | WORLD_TRACE(FACT_CONFLICT) |         \
     WORLD_TRACE(FACT_COMMIT_FAILED) | WORLD_TRACE(FACT_REFUSED) | WORLD_TRACE(FACT_SENT) |        \
     WORLD_TRACE(FACT_ACCEPTED) | WORLD_TRACE(FACT_LOST) | WORLD_TRACE(FACT_BATCH_REFUSED) |       \
     WORLD_TRACE(FACT_BACKOFF) | WORLD_TRACE(FACT_APPLIED) | WORLD_TRACE(FACT_DRIFT) |             \
     WORLD_TRACE(FACT_FENCE_MISSING) | WORLD_TRACE(FACT_FENCE_AHEAD) | WORLD_TRACE(FACT_ORDER))

/* A world with settled agreements, the first head and fence in place, and a clean trace. */
struct world *pizza_world(const char *settings);
/* The same with facts traced from now on, of one probe or (NONE) of all. */
struct world *pizza_world_traced(const char *settings, uint64_t codes, uint32_t probe);

enum { SETTLED_MS = 300000 };

/* The factory of us-east-1 dies, or answers again. */
void factory_dies(struct world *world);
void factory_heals(struct world *world);

/* Both services of a region answer like this from now on. */
void region_dies(struct world *world, const char *region, enum site_mode mode);

void run_for(struct world *world, msec_t ms);
/* Runs, a millisecond at a time, until the trace holds the words; fails after limit_ms. */
void run_until(struct world *world, const char *words, msec_t limit_ms);

/* A world in which traffic has moved west, and the factory of us-east-1 answers again. */
struct world *moved_and_healed(const char *settings);
/* `to` becomes fit to serve, then `from` dies, and traffic moves if it may. */
void flip(struct world *world, const char *from, const char *to);
/* When the first proposal is made after the factory died at SETTLED_MS. */
msec_t proposal_ms(const char *settings);

/* Shorter words for orders that are given often. */
void order(struct world *world, enum order_verb verb, const char *region);
void order_group(struct world *world, enum order_verb verb);

/* Fails with both texts unless the trace since the last clear is this; clears it. */
void expect_trace(struct world *world, const char *golden);
/* Fails unless the trace holds the words this many times. */
void expect_traced(struct world *world, const char *words, uint32_t times);

/* Fails unless the zone's weights are these, in the order of the settings' sites: "0/100 0/100". */
void expect_weights(struct world *world, const char *weights);

/* What must hold in every world at any time: no batch left a service without weight, and epochs
 * rose with every batch. */
void expect_sound(struct world *world);

/* What the first living probe knows of the group, as explain would show it. */
void look(struct world *world, struct group_view *ret_view);
/* A gate by its name, or NULL. */
const struct gate *find_gate(const struct group_view *view, const char *name);

#endif
