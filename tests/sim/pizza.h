/* SPDX-License-Identifier: Apache-2.0 */
/* pizza.h: the settings of the traces: JWT Pizza in two regions, three probes, and the few lines in
 * which most traces begin. */
#ifndef REGIONSHIFT_TESTS_SIM_PIZZA_H
#define REGIONSHIFT_TESTS_SIM_PIZZA_H

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

/* A world with settled agreements, the first head and fence in place, and a clean trace. */
struct world *pizza_world(const char *settings);

enum { SETTLED_MS = 300000 };

/* Fails with both texts unless the trace since the last clear is this. */
void expect_trace(struct world *world, const char *golden);

/* Fails unless the zone's weights are these, in the order of the settings' sites: "0/100 0/100". */
void expect_weights(struct world *world, const char *weights);

#endif
