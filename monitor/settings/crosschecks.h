/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks.h: the functions behind the table of crosschecks.c, by the file they stand in. */
#ifndef REGIONSHIFT_SETTINGS_CROSSCHECKS_H
#define REGIONSHIFT_SETTINGS_CROSSCHECKS_H

#include "inspect.h"

/* crosschecks_quorum.c */
void check_quorum_reachable(struct inspection *in);
void check_quorum_majority(struct inspection *in);
void check_vantages_reachable(struct inspection *in);
void check_owners_reachable(struct inspection *in);
void check_region_takes_its_voters(struct inspection *in);
void check_region_takes_its_actors(struct inspection *in);
void check_nobody_may_act(struct inspection *in);
void check_one_lost_probe(struct inspection *in);
void check_duplicate_probe(struct inspection *in);
void check_nobody_outside(struct inspection *in);

#endif
