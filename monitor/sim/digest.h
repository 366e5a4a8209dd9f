/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h: a number for a whole run: same seed, same bytes (S-21). Structs are hashed field by
 * field, never as text: a run has millions of facts. */
#ifndef REGIONSHIFT_SIM_DIGEST_H
#define REGIONSHIFT_SIM_DIGEST_H

#include "update.h"

struct digest {
    uint64_t all;
    uint64_t acts; /* what was decided and what the zone took, in order: no times, no authors */
};

void digest_init(struct digest *digest);
void digest_fact(struct digest *digest, uint32_t probe, const struct fact *fact);
void digest_commit(struct digest *digest, const struct settings *settings, uint32_t probe,
                   const struct commit *commit, uint64_t revision);
void digest_batch(struct digest *digest, uint32_t probe, msec_t at_ms, const struct batch *batch);
void digest_alert(struct digest *digest, uint32_t probe, msec_t at_ms, const struct alert *alert);

#endif
