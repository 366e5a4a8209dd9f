/* SPDX-License-Identifier: Apache-2.0 */
/* glass.h: break-glass at the keyboard: what a drain would do without the store, and the word of
 * the operator that it shall. */
#ifndef REGIONSHIFT_CTL_GLASS_H
#define REGIONSHIFT_CTL_GLASS_H

#include "client.h"

/* True when the daemon asks that the order be confirmed. */
bool glass_is_asked(const struct reply *reply);

/* Shows what would be done and asks, unless --yes says so already. 0: confirmed, and what is to be
 * sent with the order is in *ret_fences; else an exit code, and all is said. */
int glass_confirm(const struct arguments *arguments, const struct reply *reply,
                  json_t **ret_fences);

#endif
