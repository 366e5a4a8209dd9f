/* SPDX-License-Identifier: Apache-2.0 */
/* alert_text.h: the words of an alert (L2): what was seen by whom, what was done, what will not be
 * done and until when, and how to stop it. */
#ifndef REGIONSHIFT_CORE_ALERT_TEXT_H
#define REGIONSHIFT_CORE_ALERT_TEXT_H

#include "alert.h"

struct engine;

/* Fills subject and text. group and region may be NONE; whom is a probe or a sink, or "". */
void alert_text_write(const struct engine *engine, struct alert *alert, uint32_t group,
                      uint32_t region, const char *whom);

#endif
