/* SPDX-License-Identifier: Apache-2.0 */
/* notify.h: tells the service manager how we are (sd_notify(3)): a datagram to the socket that
 * NOTIFY_SOCKET names. Nothing happens, and 0 is returned, when nobody wants to know. */
#ifndef REGIONSHIFT_NOTIFY_H
#define REGIONSHIFT_NOTIFY_H

#include "units.h"

/* Sends "READY=1", "STATUS=...", several lines. Returns 0 or -errno. */
int notify_send(const char *text);

/* Sends "RELOADING=1" with the time since when (Type=notify-reload wants both). 0 or -errno. */
int notify_reloading(usec_t monotonic_us);

/* How often WATCHDOG=1 is wanted, from WATCHDOG_USEC and WATCHDOG_PID; 0: not at all. */
msec_t notify_watchdog_ms(void);

#endif
