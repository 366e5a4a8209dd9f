/* SPDX-License-Identifier: Apache-2.0 */
/* store_sqlite_lab.h: the sqlite store in a directory of its own, with a clock the test moves. */
#ifndef REGIONSHIFT_TESTS_STORE_SQLITE_LAB_H
#define REGIONSHIFT_TESTS_STORE_SQLITE_LAB_H

#include "store_world.h"

extern const struct store_lab sqlite_lab;

/* The directory of this test and the store's file in it. */
extern char lab_directory[256];
extern char lab_path[300];

/* What the next store is opened with; setup() resets them. */
extern msec_t lab_call_timeout_ms;
extern uint32_t lab_calls_max;

/* Runs once, in the store's thread, the next time it asks for the time of its leases. */
void lab_at_next_look_at_the_clock(void (*happens)(void));

/* Stops the thread of the only store there is, as a disk that hangs would; and lets it go on. */
void lab_hold_the_thread(void);
void lab_let_the_thread_go(void);

#endif
