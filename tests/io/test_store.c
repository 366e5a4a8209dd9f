/* SPDX-License-Identifier: Apache-2.0 */
/* The sqlite store keeps the promises of store.h. */
#include "../lib/suite.h"
#include "store_conformance.h"
#include "store_sqlite_lab.h"

int main(void)
{
    return run_suite(store_conformance(&sqlite_lab));
}
