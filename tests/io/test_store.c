/* SPDX-License-Identifier: Apache-2.0 */
/* The sqlite store keeps the promises of store.h. */
#include <stdlib.h>

#include "store_conformance.h"
#include "store_sqlite_lab.h"

int main(void)
{
    SRunner *runner = srunner_create(store_conformance(&sqlite_lab));
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
